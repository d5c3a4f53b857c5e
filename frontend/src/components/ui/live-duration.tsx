import { useNow } from "@/lib/now";
import { elapsed } from "@/lib/time";
import { formatDuration } from "@/lib/units";

interface LiveDurationProps {
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
}

/** A finished duration stands; a running one counts. */
export function LiveDuration({ startedAt, endedAt, durationMs }: LiveDurationProps) {
  if (endedAt !== null || startedAt === null) return <span className="tabular">{formatDuration(durationMs)}</span>;
  return <Counting startedAt={startedAt} />;
}

function Counting({ startedAt }: { readonly startedAt: string }) {
  const now = useNow();
  const ms = elapsed(startedAt, null, now) ?? 0;
  return <span className="tabular">{formatDuration(Math.floor(ms / 1000) * 1000)}</span>;
}
