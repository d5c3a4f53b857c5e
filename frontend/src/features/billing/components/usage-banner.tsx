import { ActionIcon } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";

import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { billingKeys, usageQuery } from "@/features/billing/api/billing";
import { usageNotice } from "@/features/billing/model";
import { ApiError } from "@/lib/errors";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./billing.module.css";

/** Over every page: that new runs are held, or that a threshold of the month was reached until somebody waves it away. */
export function UsageBanner() {
  const { slug: workspace, account } = useWorkspace();
  const readable = useDenial("usage:read") === null;
  const usage = useQuery({ ...usageQuery(workspace), enabled: readable });
  const [dismissed, dismiss] = useLocalStorage<string>({ key: `headway-usage-${account.id}`, defaultValue: "" });
  const client = useQueryClient();
  useEffect(
    () =>
      // Something was refused for the plan's sake: what the banner says may be older than that.
      client.getMutationCache().subscribe((event) => {
        if (event.type !== "updated" || event.action.type !== "error") return;
        if (event.action.error instanceof ApiError && event.action.error.status === 402) void client.invalidateQueries({ queryKey: billingKeys.all });
      }),
    [client],
  );
  const notice = usage.data === undefined ? null : usageNotice(usage.data);
  if (notice === null || (notice.key !== null && notice.key === dismissed)) return null;
  return (
    <aside className={styles["banner"]} data-tone={notice.tone} role={notice.key === null ? "alert" : "status"} aria-label="Usage">
      <span className={styles["bannerIcon"]}>
        <Icon name={notice.key === null ? "pause" : notice.tone === "calm" ? "bell" : "alert"} size={15} />
      </span>
      <p className={styles["bannerText"]}>
        <strong>{notice.title}</strong> {notice.text}
      </p>
      <span className={styles["bannerLinks"]}>
        {notice.key === null && (
          <Link to={paths.runs} params={{ workspace }} search={{ state: ["held"], range: "30d" }} className="link">
            Held runs
          </Link>
        )}
        <Link to={paths.usage} params={{ workspace }} className="link">
          Usage
        </Link>
        <Link to={paths.plan} params={{ workspace }} className="link">
          {notice.key === null ? "Get a larger plan" : "Plan"}
        </Link>
      </span>
      {notice.key !== null && (
        <ActionIcon aria-label="Don’t show this again this month" size="sm" onClick={() => dismiss(notice.key ?? "")}>
          <Icon name="close" size={13} />
        </ActionIcon>
      )}
    </aside>
  );
}
