import { isFiltered, type RunsSearch } from "@/features/runs/runs-search";
import { rangeInSentence } from "@/lib/time";
import { formatCount, plural } from "@/lib/units";
import type { RunHistogram } from "@/schema/wire/runs";

import { totals } from "./totals";

interface RunsAnswerProps {
  readonly histogram: RunHistogram | undefined;
  readonly search: RunsSearch;
  readonly onChange: (change: Partial<RunsSearch>) => void;
}

/** "412 runs, 7 failed or crashed, 3 running": each number narrows the list to what it counts. */
export function RunsAnswer({ histogram, search, onChange }: RunsAnswerProps) {
  if (histogram === undefined) return "Counting";
  const { all, trouble, running } = totals(histogram);
  return (
    <>
      <strong>{plural(all, "run")}</strong>
      {isFiltered(search) ? " found" : ""} · {rangeInSentence(search)}
      {trouble > 0 && (
        <>
          {" · "}
          <button type="button" className="link" style={plain} onClick={() => onChange({ state: ["failed", "crashed"] })}>
            {formatCount(trouble)} failed or crashed
          </button>
        </>
      )}
      {running > 0 && (
        <>
          {" · "}
          <button type="button" className="link" style={plain} onClick={() => onChange({ state: ["running"] })}>
            {formatCount(running)} running
          </button>
        </>
      )}
    </>
  );
}

const plain = { border: 0, background: "none", padding: 0, font: "inherit", cursor: "pointer" } as const;
