import { Tooltip } from "@mantine/core";

import type { LiveStatus } from "@/lib/live-stream";

import styles from "./live-badge.module.css";

const WORDS: Readonly<Record<LiveStatus, string>> = {
  off: "Paused",
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
};

const HINTS: Readonly<Record<LiveStatus, string>> = {
  off: "Live updates are off.",
  connecting: "Opening the live connection.",
  live: "Changes appear here as they happen.",
  lost: "The live connection is down; the page refreshes by itself until it is back.",
};

export function LiveBadge({ status }: { readonly status: LiveStatus }) {
  return (
    <Tooltip label={HINTS[status]}>
      <span className={styles["badge"]} data-status={status} role="status">
        <span className={styles["dot"]} aria-hidden="true" />
        {WORDS[status]}
      </span>
    </Tooltip>
  );
}
