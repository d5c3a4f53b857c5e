import { Link } from "@tanstack/react-router";

import { Facts, type Fact } from "@/components/ui/facts";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { ACTION_WORDS, ATTEMPT_STATES, byAction } from "@/features/automations/model";
import { outcomeSentence } from "@/lib/outcome";
import { formatDayAndTime, formatExact, formatStep } from "@/lib/time";
import { formatCount, plural, trimNumber } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Attempt, Firing, Reason } from "@/schema/wire/automations";

import styles from "./automations.module.css";

type MetricReason = Extract<Reason, { readonly type: "metric" }>;

/** Why did it fire, and what was then done. */
export function FiringDetail({ firing }: { readonly firing: Firing }) {
  const actions = byAction(firing.attempts);
  return (
    <div className={styles["detail"]}>
      <section aria-label="Why it fired">
        <h3 className={styles["detailTitle"]}>Why did it fire?</h3>
        <p className={styles["why"]}>{firing.reason.text}</p>
        <Facts facts={reasonFacts(firing)} />
        <ReasonEvents firing={firing} />
      </section>
      <section aria-label="What was done">
        <h3 className={styles["detailTitle"]}>What was done?</h3>
        {actions.length === 0 && <p className="muted">The rule had no actions then.</p>}
        {actions.map(({ action, kind, tries }) => (
          <div key={action} className={styles["action"]}>
            <span className={styles["actionName"]}>
              {action + 1}. {ACTION_WORDS[kind]}
            </span>
            <ol className={styles["tries"]}>
              {tries.map((attempt) => (
                <Try key={attempt.number} attempt={attempt} />
              ))}
            </ol>
          </div>
        ))}
      </section>
    </div>
  );
}

function Try({ attempt }: { readonly attempt: Attempt }) {
  const { slug: workspace } = useWorkspace();
  const { kind, word } = ATTEMPT_STATES[attempt.state];
  const { outcome } = attempt;
  const at = attempt.ended_at ?? attempt.started_at ?? attempt.due_at;
  return (
    <li className={styles["try"]}>
      <StateIcon kind={kind} size={13} />
      <span>
        {attempt.number > 1 && `Try ${attempt.number}: `}
        {word}
        {attempt.state === "PENDING" ? " until " : ", "}
        <time dateTime={at} title={formatExact(at)}>
          {formatDayAndTime(at)}
        </time>
        {/* What was done without asking anybody has no answer to tell of; whether it is tried again, the state says. */}
        {outcome !== null && !(outcome.ok && outcome.status === null) && <span className="muted"> · {outcomeSentence({ ...outcome, retryable: false })}</span>}
        {outcome?.run_id !== undefined && (
          <>
            {" "}
            <Link to={paths.run} params={{ workspace, runId: outcome.run_id }} className="link">
              Open the run
            </Link>
          </>
        )}
      </span>
    </li>
  );
}

function reasonFacts({ reason, key, fired_at, occurred_at, version }: Firing): Fact[] {
  return [
    { term: "Fired", value: formatExact(fired_at) },
    { term: reason.type === "absence" ? "Was due" : "Happened", value: formatExact(reason.type === "absence" ? reason.due_at : occurred_at) },
    ...(key.length === 0 ? [] : [{ term: "For", value: <span className="mono">{key.join(", ")}</span> }]),
    ...(reason.type === "absence"
      ? [
          { term: "Waited", value: `${formatStep(seconds(reason.window))} from ${formatExact(reason.window.from)}` },
          { term: "Came", value: `${formatCount(reason.count)} of ${formatCount(reason.needed)}` },
        ]
      : []),
    ...(reason.type === "metric"
      ? [
          { term: "Value", value: reason.value === null ? "none" : trimNumber(reason.value) },
          ...(reason.threshold === null ? [] : [{ term: "Threshold", value: `${reason.is.replace("_", " ")} ${trimNumber(reason.threshold)}` }]),
          { term: "Held since", value: formatExact(reason.since) },
          { term: "Looked at", value: <MetricLink reason={reason} /> },
        ]
      : []),
    ...(reason.type === "threshold" ? [{ term: "Counted", value: `${plural(reason.count, "event")} within ${formatStep(reason.within_seconds)}` }] : []),
    { term: "Version", value: formatCount(version) },
  ];
}

/** What was looked at, on the page of metrics. */
function MetricLink({ reason }: { readonly reason: MetricReason }) {
  const { slug: workspace } = useWorkspace();
  if (reason.currency !== undefined) {
    return (
      <Link to={paths.costs} params={{ workspace }} search={{ from: reason.window.from.slice(0, 10), to: new Date(Date.parse(reason.window.to) - 1).toISOString().slice(0, 10) }} className="link">
        what {reason.month} cost
      </Link>
    );
  }
  const pairs = Object.entries(reason.series).map(([label, value]) => `${label}=${value}`);
  const query = `${reason.aggregate}(${reason.metric})${pairs.length === 0 ? "" : `{${pairs.join(",")}}`}`;
  return (
    <Link to={paths.metrics} params={{ workspace }} search={{ q: [query], ...reason.window }} className="link">
      {query}
    </Link>
  );
}

function seconds({ from, to }: { readonly from: string; readonly to: string }): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 1000);
}

/** Narrow, so that the event is among the first that the page loads. */
const AROUND_MS = 2_000;

function ReasonEvents({ firing: { reason } }: { readonly firing: Firing }) {
  const { slug: workspace } = useWorkspace();
  if (reason.type === "metric") return null;
  const events = reason.type === "absence" ? (reason.opened_by === null ? [] : [reason.opened_by]) : reason.events;
  if (events.length === 0) return null;
  return (
    <ul className={styles["events"]} aria-label="Events that it fired for">
      {events.map((event) => {
        const at = Date.parse(event.occurred_at);
        return (
          <li key={event.id}>
            <Link
              to={paths.events}
              params={{ workspace }}
              search={{ from: new Date(at - AROUND_MS).toISOString(), to: new Date(at + AROUND_MS).toISOString(), event: event.id }}
              className="link"
            >
              {reason.type === "absence" ? "What began it, " : "Event of "}
              {formatExact(event.occurred_at)}
            </Link>
          </li>
        );
      })}
      {reason.type !== "absence" && reason.count > events.length && <li className="muted">and {formatCount(reason.count - events.length)} before these</li>}
    </ul>
  );
}
