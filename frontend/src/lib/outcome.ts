import { formatDuration } from "@/lib/units";
import type { Outcome } from "@/schema/wire/channels";

/** What became of a try to reach somebody, as one sentence. */
export function outcomeSentence({ ok, status, error, retryable, detail, duration_ms }: Outcome): string {
  const took = `in ${formatDuration(duration_ms)}`;
  if (ok) return status === null ? `Done ${took}.` : `Answered ${status} ${took}.`;
  const said = detail === "" ? "" : ` ${sentence(detail)}`;
  const what = error === null && status !== null ? `Refused with ${status}.${said}` : said === "" ? `Failed: ${error ?? "no answer"}.` : said.trim();
  return retryable ? `${what} This may pass.` : what;
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
