import { stateColor, type StateKind } from "@/lib/run-state";

interface DurationBarProps {
  readonly ms: number | null;
  readonly longestMs: number;
  readonly kind: StateKind;
}

/** A run's length against the longest of the list: one scale for all rows. */
export function DurationBar({ ms, longestMs, kind }: DurationBarProps) {
  const share = ms === null || longestMs <= 0 ? 0 : Math.min(1, ms / longestMs);
  return (
    <span aria-hidden="true" style={{ display: "block", height: 5, borderRadius: 3, background: "var(--bg-hover)" }}>
      <span
        style={{
          display: "block",
          height: 5,
          borderRadius: 3,
          width: `${share * 100}%`,
          minWidth: ms === null ? 0 : 2,
          background: stateColor(kind),
          transition: "width 300ms linear",
        }}
      />
    </span>
  );
}
