import { textOf } from "@/lib/search-params";
import type { Refused } from "@/schema/wire/telemetry";

export interface RefusedSearch {
  readonly door?: string | undefined;
  readonly code?: string | undefined;
  /** The row whose samples are shown. */
  readonly row?: string | undefined;
}

export function parseRefusedSearch(search: Record<string, unknown>): RefusedSearch {
  return { door: textOf(search["door"]), code: textOf(search["code"]), row: textOf(search["row"]) };
}

export const DOORS: Readonly<Record<string, string>> = {
  native: "Native",
  openlineage: "OpenLineage",
  otlp: "OTLP",
  cloudevents: "CloudEvents",
  prometheus: "Prometheus",
  webhook: "Webhook",
  "query-log": "Query log",
};

interface Reason {
  readonly title: string;
  readonly mend: string;
}

const REASONS: Readonly<Record<string, Reason>> = {
  invalid_item: { title: "A field is missing or wrong", mend: "The sample names the field. Mend it where the item is made; the others of its batch were kept." },
  invalid_request: { title: "The request could not be read", mend: "Look at the sample: the body is no JSON, ends early, or is packed otherwise than it says. Proxies that cut or re-pack bodies do this." },
  too_old: { title: "Older than what is kept", mend: "It lies beyond the workspace's retention. Keep events longer in the settings, or send sooner." },
  in_future: { title: "More than ten minutes ahead", mend: "The sender's clock is wrong, or a local time was sent as UTC. Synchronise the clock, and send times with their offset." },
  too_large: { title: "A payload over 64 KiB", mend: "Send what describes the thing, and a link to the thing itself." },
  batch_too_large: { title: "Too much in one request", mend: "At most 5 MiB as sent, 50 MiB unpacked. Lower the sender's batch size." },
  unsupported_media: { title: "A content type that the door doesn't read", mend: "Set the exporter to a protocol that the door speaks; the doors are in docs/doors.md." },
  schema_mismatch: { title: "Does not fit its event schema", mend: "The sample names the field. Mend it where the event is made, or change the schema in the settings; the others of its batch were kept." },
  schema_warning: { title: "Stored, but does not fit its event schema", mend: "Nothing is lost: the schema only warns. The sample names the field; once nothing comes any more, let the schema refuse." },
  not_a_number: { title: "NaN, which is no value", mend: "Nothing is lost, and the sender is not told. Exporters say so of what they cannot measure; drop such series with a relabelling rule if you like." },
  too_many_series: { title: "Too many series", mend: "A label holds something with endless values, such as an id or a time. Leave that label out." },
  too_many_labels: { title: "Over 20 labels", mend: "Leave out labels that nobody groups by." },
  too_many_buckets: { title: "Over 1,000 buckets", mend: "Lower the histogram's resolution in the exporter." },
  unsupported: { title: "A kind that the door doesn't take", mend: "The message names it. The sender can be set to another, or send by another door; the doors are in docs/doors.md." },
  bad_signature: { title: "Not signed with the webhook's secret", mend: "Give the sender the secret that the webhook has, or the webhook the sender's; proxies that change a body break its signature." },
  stale_delivery: { title: "Signed too long ago", mend: "Signatures are good for five minutes: the sender's clock is wrong, or somebody sends an old delivery again." },
  wrong_topic: { title: "Of another topic", mend: "The webhook listens to one topic of SNS. Subscribe that one, or make a webhook for the other." },
  template_failed: { title: "The template made no event of it", mend: "Try the template on the sample, in the settings of the webhook." },
  not_this_run: { title: "Sent with another run's key", mend: "The key of a managed run is for that run and those that it starts. Send the rest with a key of your own." },
  not_this_pool: { title: "Sent with another pool's key", mend: "An agent's key is for runs of its pool. Send the rest with a key of your own." },
  duplicate_differs: { title: "Taken for a duplicate, but says something else", mend: "One of the same id and time was there, and stays. The sample names the first field that differs: give each item an id of its own, or don't change what was sent." },
};

/** What a code means, and what to do about it. */
export function reasonOf(code: string): Reason {
  return REASONS[code] ?? { title: code.replaceAll("_", " "), mend: "The message of the sample says what was wrong." };
}

/** What is told here though it was taken, or was there already. */
const NOTED = new Set(["schema_warning", "duplicate_differs"]);

export interface RefusedTotals {
  readonly refused: number;
  readonly noted: number;
  readonly doors: readonly string[];
  readonly codes: readonly string[];
}

export function totalsOf(rows: readonly Refused[]): RefusedTotals {
  return {
    refused: sum(rows.filter((row) => !NOTED.has(row.code))),
    noted: sum(rows.filter((row) => NOTED.has(row.code))),
    doors: [...new Set(rows.map((row) => row.door))].sort(),
    codes: [...new Set(rows.map((row) => row.code))].sort(),
  };
}

function sum(rows: readonly Refused[]): number {
  return rows.reduce((count, row) => count + row.count, 0);
}
