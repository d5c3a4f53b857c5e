import { Skeleton } from "@mantine/core";

/** While a page's code is on its way: the outline every page shares. */
export function PagePending() {
  return (
    <div role="status" aria-label="Loading the page" style={{ padding: 24, width: "100%", maxWidth: 1600, boxSizing: "border-box" }}>
      <Skeleton height={22} width={180} mb={10} />
      <Skeleton height={12} width={320} mb={24} />
      <Skeleton height={110} mb={16} />
      <Skeleton height={320} />
    </div>
  );
}
