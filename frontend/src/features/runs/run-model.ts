import { isFinal, kindOf, wordOf, type StateKind } from "@/lib/run-state";
import { formatCount, formatDuration, plural } from "@/lib/units";
import type { Run, Transition } from "@/schema/wire/runs";

export interface RibbonPart {
  readonly id: string;
  readonly kind: StateKind;
  readonly word: string;
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

/** The states of a run as stretches of time; evidence of an older epoch changes nothing and is left out. */
export function ribbonParts(transitions: readonly Transition[], now: number): RibbonPart[] {
  const own = transitions
    .filter((each) => !each.superseded && each.task_run_id === null)
    .sort((a, b) => Date.parse(a.occurred_at) - Date.parse(b.occurred_at) || microsOf(a.occurred_at) - microsOf(b.occurred_at) || a.id.localeCompare(b.id));
  return own.map((each, index) => {
    const from = Date.parse(each.occurred_at);
    const next = own[index + 1];
    const ended = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"].includes(each.state_type);
    const to = next === undefined ? (ended ? from : Math.max(from, now)) : Date.parse(next.occurred_at);
    return { id: each.id, kind: kindOf(each.state), word: wordOf(each.state), from, to, message: each.message };
  });
}

/** What a Date leaves out: a run may begin and end within a millisecond. */
function microsOf(moment: string): number {
  const fraction = /\.(\d+)/.exec(moment)?.[1] ?? "";
  return Number(fraction.padEnd(6, "0").slice(3, 6));
}

const OVER: readonly StateKind[] = ["completed", "failed", "crashed", "cancelled"];

/** Widths in percent: proportional to time, but never so narrow that a state can't be seen. */
export function ribbonWidths(parts: readonly RibbonPart[], least = 3): number[] {
  // Between the end of one attempt and the next nothing happens: it must not squeeze what did.
  const spans = parts.map((part) => (OVER.includes(part.kind) ? 0 : part.to - part.from));
  const total = spans.reduce((sum, span) => sum + span, 0);
  if (total <= 0) return parts.map(() => 100 / parts.length);
  const free = 100 - least * parts.length;
  return spans.map((span) => least + (span / total) * free);
}

/** The sentence at the top of a run: what happened, in words. */
export function runSentence(run: Run): string {
  const took = run.duration_ms === null ? "" : ` after ${formatDuration(run.duration_ms)}`;
  const counts = run.task_counts ?? {};
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const done = total === 0 ? "" : `, ${plural(total, "task run")}`;
  switch (run.state_type) {
    case "COMPLETED":
      return `${wordOf(run.state)}${took}${done}.`;
    case "FAILED":
    case "CRASHED":
      if (run.started_at === null) return `${wordOf(run.state)} ${beforeItsStart(run)}${unexplained(run)}.`;
      return `${wordOf(run.state)}${took}${total === 0 ? "" : `, ${formatCount(counts.COMPLETED ?? 0)} of ${plural(total, "task run")} done`}${unexplained(run)}.`;
    case "PAUSED":
      return heldSentence(run);
    case "RUNNING":
      return total === 0 ? `${wordOf(run.state)}.` : `${wordOf(run.state)}: ${plural(counts.COMPLETED ?? 0, "task run")} done${atWork(counts)}.`;
    default:
      return `${wordOf(run.state)}.`;
  }
}

function heldSentence(run: Pick<Run, "state" | "resumes">): string {
  if (run.state === "AWAITING_APPROVAL") return "Waits for an answer; its time limits stand still.";
  if (isLeaving(run)) return "Leaves once the tasks that it is at are done; resume it then.";
  if (run.state === "SUSPENDED") {
    return "Suspended: it holds no agent and no slot. Resumed, it goes on in a new process, on whichever agent is free.";
  }
  return "Paused: it begins no further task, and its time limits stand still. Its agent and its slots stay taken.";
}

/** ", goes on with what attempt 1 left": what its next or present process begins with. */
export function resumesWords({ resumes, attempt }: Pick<Run, "resumes" | "attempt">): string {
  if (resumes === null || resumes === undefined || resumes.kind === "suspending") return "";
  const from = resumes.attempt;
  const whose = from === undefined || from === attempt ? "" : ` of attempt ${from}`;
  return resumes.kind === "failed" ? `, from what failed${whose}` : ", taken up where it left";
}

/** It was asked to leave and has not yet. */
export function isLeaving({ resumes }: Pick<Run, "resumes">): boolean {
  return resumes?.kind === "suspending";
}

/** A process that was killed young may have run without that its first report got through. */
export function beforeItsStart({ cause }: Pick<Run, "cause">): string {
  return cause !== null && ["exit_code", "signal", "oom"].includes(cause.kind) ? "before it could report its start" : "before it began";
}

/** The panel below the header says why; only when there is nothing to say does the sentence say that. */
function unexplained(run: Run): string {
  return run.cause === null && run.error === null ? "; no reason was reported" : "";
}

/** How many tasks there will be in all is not known while more may start. */
function atWork(counts: NonNullable<Run["task_counts"]>): string {
  const parts = [
    [counts.RUNNING ?? 0, "running"],
    [(counts.PENDING ?? 0) + (counts.SCHEDULED ?? 0), "waiting"],
    [(counts.FAILED ?? 0) + (counts.CRASHED ?? 0), "failed"],
  ] as const;
  return parts.map(([count, word]) => (count === 0 ? "" : `, ${formatCount(count)} ${word}`)).join("");
}

const RULES = "Rules of its deployment or its pool keep this from you.";

/** null when the run may be cancelled, else why not. */
export function cancelDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.cancel) return null;
  if (run.state_type === "CANCELLING") return "It is being cancelled already.";
  return isFinal(run.state_type) ? "The run already ended." : RULES;
}

export function retryDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.retry) return null;
  if (run.source === "LOCAL") return "It ran in a local process; start it there again.";
  if (run.state_type === "COMPLETED") return "It succeeded; run its deployment to do the same again.";
  return run.ended_at === null ? "It has not ended yet." : "This run can’t be retried.";
}

export function copyDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.copy === true) return null;
  return run.deployment === null ? "No deployment says how to run it again." : "Its deployment is gone, or rules of it keep this from you.";
}

export function pauseDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.pause === true) return null;
  if (run.state_type === "SCHEDULED" || run.state_type === "PENDING") return "It has not begun yet.";
  return run.state_type === "RUNNING" ? RULES : "It isn’t running.";
}

export function suspendDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.suspend === true) return null;
  if (isLeaving(run)) return "It is leaving already.";
  if (run.source === "LOCAL" || run.pool === null) return "Its process was started by itself: nobody else could take it up.";
  return ["RUNNING", "PAUSED", "RETRYING", "AWAITING_APPROVAL"].includes(run.state) ? RULES : "It isn’t running.";
}

export function resumeDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  if (run.may.resume === true) return null;
  if (isLeaving(run)) return "It is still leaving: it can be resumed once it has left.";
  return run.state === "AWAITING_APPROVAL" ? "It waits for an answer, and goes on by itself then." : RULES;
}

export function annotateDenial(run: Run, scopeDenial: string | null): string | null {
  if (scopeDenial !== null) return scopeDenial;
  return run.may.annotate === true ? null : RULES;
}
