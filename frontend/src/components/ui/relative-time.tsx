import { Tooltip } from "@mantine/core";

import { useNow } from "@/lib/now";
import { formatExact, formatRelative } from "@/lib/time";

interface RelativeTimeProps {
  readonly at: string | null;
  readonly none?: string;
}

/** Relative, with the exact moment and zone on hover and focus. */
export function RelativeTime({ at, none = "–" }: RelativeTimeProps) {
  const now = useNow();
  if (at === null) return <span className="muted">{none}</span>;
  return (
    <Tooltip label={formatExact(at)}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {formatRelative(at, now)}
      </time>
    </Tooltip>
  );
}
