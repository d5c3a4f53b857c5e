import { Skeleton } from "@mantine/core";

import { SkeletonRows } from "@/components/ui/skeleton-rows";

import styles from "./overview.module.css";

export function OverviewSkeleton() {
  return (
    <div className={styles["stack"]}>
      <Skeleton height={22} width={340} />
      <div className={styles["cards"]}>
        <Skeleton height={82} />
        <Skeleton height={82} />
        <Skeleton height={82} />
      </div>
      <Skeleton height={190} />
      <SkeletonRows rows={8} height={38} label="the overview" />
    </div>
  );
}
