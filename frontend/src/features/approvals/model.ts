import { oneOf } from "@/lib/search-params";
import type { StateKind } from "@/lib/run-state";
import type { Approval, ApprovalState } from "@/schema/wire/approvals";

export const APPROVAL_FILTERS = ["open", "approved", "rejected", "expired", "withdrawn", "all"] as const;
export type ApprovalFilter = (typeof APPROVAL_FILTERS)[number];

export interface ApprovalsSearch {
  /** Left out: what is open. */
  readonly state?: ApprovalFilter | undefined;
}

export function parseApprovalsSearch(search: Record<string, unknown>): ApprovalsSearch {
  const state = oneOf(search["state"], APPROVAL_FILTERS);
  return { state: state === "open" ? undefined : state };
}

interface StateWords {
  readonly word: string;
  /** Whose shape and colour it has. */
  readonly kind: StateKind;
}

export const STATE_WORDS: Readonly<Record<ApprovalState, StateWords>> = {
  OPEN: { word: "Open", kind: "paused" },
  APPROVED: { word: "Approved", kind: "completed" },
  REJECTED: { word: "Rejected", kind: "failed" },
  EXPIRED: { word: "Expired", kind: "late" },
  WITHDRAWN: { word: "Withdrawn", kind: "cancelled" },
};

/** What became of it, in words, but for who and when. */
export function outcomeWords({ state }: Pick<Approval, "state">): string | null {
  if (state === "EXPIRED") return "Nobody answered in time.";
  return state === "WITHDRAWN" ? "Its run ended before somebody answered." : null;
}

/** Whether its time is up by the clock of this page, though the server has not said so yet. */
export function isOverdue({ state, expires_at }: Pick<Approval, "state" | "expires_at">, now: number): boolean {
  return state === "OPEN" && expires_at !== null && Date.parse(expires_at) <= now;
}

/** "2 of 3 open ones are for you." */
export function inboxSentence(open: readonly Approval[], more: boolean): string {
  if (open.length === 0) return "Nobody is asked anything.";
  const mine = open.filter((each) => each.may.answer).length;
  const all = `${open.length}${more ? "+" : ""}`;
  const waits = open.length === 1 ? "1 question waits" : `${all} questions wait`;
  if (mine === open.length) return `${waits} for an answer.`;
  return mine === 0 ? `${waits} for others’ answers.` : `${waits}, ${mine} of them for you too.`;
}

/** The number at the way to the inbox: what this person may answer. "" for none. */
export function badgeText(open: readonly Approval[], more: boolean): string {
  const mine = open.filter((each) => each.may.answer).length;
  if (mine === 0) return "";
  return more ? `${mine}+` : String(mine);
}

/** What was answered, one line a value; a group's values are named with it. */
export function answerLines(answer: Readonly<Record<string, unknown>> | null, prefix = ""): { readonly name: string; readonly text: string }[] {
  return Object.entries(answer ?? {}).flatMap(([key, value]) => {
    const name = prefix + key;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return answerLines(value as Record<string, unknown>, `${name}.`);
    return [{ name, text: textOf(value) }];
  });
}

function textOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (value === null) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether the form asks for anything. */
export function asksForValues({ form }: Pick<Approval, "form">): boolean {
  return Object.keys(form.properties ?? {}).length > 0;
}
