import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { AnsiText } from "@/components/ui/ansi-text";
import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { logContextQuery } from "@/features/logs/api/logs";
import { formatClockMs, formatDayAndTime, formatExact } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { LogLine, RunOfLine } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface LogRowProps {
  readonly line: LogLine;
  readonly run: RunOfLine | undefined;
  readonly needles: readonly string[];
  readonly showDay: boolean;
  readonly open: boolean;
  /** The keyboard's cursor stands on it. */
  readonly active: boolean;
  readonly onToggle: () => void;
}

const SHORT = { DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARN", ERROR: "ERROR", CRITICAL: "CRIT" } as const;

/** One line; opened, what its run wrote right before and after it. */
export function LogRow({ line, run, needles, showDay, open, active, onToggle }: LogRowProps) {
  return (
    <>
      <button type="button" className={styles["row"]} aria-expanded={open} data-active={active || undefined} onClick={onToggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        <time className={styles["time"]} dateTime={line.occurred_at} title={formatExact(line.occurred_at)}>
          {showDay ? formatDayAndTime(line.occurred_at) : formatClockMs(line.occurred_at)}
        </time>
        <span className={styles["level"]} data-level={line.level}>
          {SHORT[line.level]}
        </span>
        <span className={styles["run"]}>{run === undefined ? "" : run.name}</span>
        <span className={styles["message"]}>
          <AnsiText text={line.message} needles={needles} />
        </span>
      </button>
      {open && <Around line={line} run={run} />}
    </>
  );
}

function Around({ line, run }: { readonly line: LogLine; readonly run: RunOfLine | undefined }) {
  const { slug: workspace } = useWorkspace();
  const context = useQuery(logContextQuery(workspace, line));
  const { before, after } = context.data ?? { before: [], after: [] };
  return (
    <div className={styles["around"]}>
      <p className={styles["of"]}>
        {run === undefined ? (
          <span className="muted">Of no run</span>
        ) : (
          <>
            <Link to={paths.run} params={{ workspace, runId: run.id }} search={{ tab: "logs" }} className="link">
              {run.name}
            </Link>{" "}
            <span className="muted">
              {run.flow}
              {run.deployment !== null && ` / ${run.deployment}`}
            </span>
          </>
        )}
        {line.logger !== null && line.logger !== "" && <span className="mono muted"> {line.logger}</span>}
      </p>
      {context.isPending && <SkeletonRows rows={5} height={20} label="the lines around it" />}
      {context.isError && <ErrorState error={context.error} what="the lines around it" onRetry={() => void context.refetch()} />}
      {context.isSuccess && (
        <ol className={styles["lines"]} aria-label="Lines around it">
          {[...before, context.data.line, ...after].map((each) => (
            <li key={each.id} aria-current={each.id === line.id ? "true" : undefined}>
              <time dateTime={each.occurred_at}>{formatClockMs(each.occurred_at)}</time>
              <span className={styles["level"]} data-level={each.level}>
                {SHORT[each.level]}
              </span>
              <span>
                <AnsiText text={each.message} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
