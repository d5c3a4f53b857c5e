import { LiveBadge } from "@/components/ui/live-badge";
import type { LiveTail } from "@/features/events/components/use-live-tail";
import { formatCompact } from "@/lib/units";

/** How many come in a second, and how many of them the tail shows. */
export function TailRate({ tail }: { readonly tail: LiveTail }) {
  const isThinned = tail.oneOf >= 1.05;
  return (
    <>
      <span className="muted tabular" aria-live="off" title={isThinned ? "More than one can read: the list shows an even part of them." : undefined}>
        {tail.rate < 10 ? tail.rate.toFixed(1) : formatCompact(Math.round(tail.rate))}/s
        {isThinned && ` · 1 of ${tail.oneOf < 10 ? tail.oneOf.toFixed(1) : formatCompact(Math.round(tail.oneOf))} shown`}
      </span>
      {tail.isBehind && (
        <span role="status" className="muted" title="The filter takes longer than the tail has: narrow it, such as to a name.">
          Too much to look through: events are missing
        </span>
      )}
      <LiveBadge status={tail.status} />
    </>
  );
}
