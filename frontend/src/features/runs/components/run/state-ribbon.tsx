import { Tooltip } from "@mantine/core";

import { ribbonParts, ribbonWidths } from "@/features/runs/run-model";
import { stateColor, isFinal } from "@/lib/run-state";
import { useNow } from "@/lib/now";
import { formatExact } from "@/lib/time";
import { formatDuration } from "@/lib/units";
import type { Run, Transition } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

interface StateRibbonProps {
  readonly run: Run;
  readonly transitions: readonly Transition[];
}

/** The run's life from left to right, each state as long as it lasted. */
export function StateRibbon({ run, transitions }: StateRibbonProps) {
  return isFinal(run.state_type) ? <Ribbon transitions={transitions} now={0} /> : <GrowingRibbon transitions={transitions} />;
}

function GrowingRibbon({ transitions }: { readonly transitions: readonly Transition[] }) {
  return <Ribbon transitions={transitions} now={useNow()} />;
}

function Ribbon({ transitions, now }: { readonly transitions: readonly Transition[]; readonly now: number }) {
  const parts = ribbonParts(transitions, now);
  const widths = ribbonWidths(parts);
  return (
    <ol className={styles["ribbon"]} aria-label="States over time">
      {parts.map((part, index) => (
        <Tooltip
          key={part.id}
          multiline
          label={
            <>
              {part.word} from {formatExact(part.from)}
              {part.to > part.from && ` for ${formatDuration(part.to - part.from)}`}
              {part.message !== "" && <div>{part.message}</div>}
            </>
          }
        >
          <li className={styles["ribbonPart"]} style={{ width: `${widths[index] ?? 0}%`, "--state": stateColor(part.kind) } as React.CSSProperties}>
            <span className={styles["ribbonBar"]} />
            <span className={styles["ribbonWord"]}>
              {part.word}
              {part.to > part.from && <span className="muted"> {formatDuration(part.to - part.from)}</span>}
            </span>
          </li>
        </Tooltip>
      ))}
    </ol>
  );
}
