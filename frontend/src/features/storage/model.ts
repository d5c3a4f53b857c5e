import type { RangeSearch } from "@/lib/time";
import { formatBytes, formatCount, plural } from "@/lib/units";
import type { Retention, Storage, StoredKind } from "@/schema/wire/storage";

export const STORED_WORDS: Readonly<Record<StoredKind["kind"], string>> = { runs: "Runs and task runs", events: "Events", logs: "Log lines", metrics: "Points of metrics" };

/** "1,204", or "about 1,204" where they are reckoned from some of them. */
export function rowsText(kind: StoredKind): string {
  return kind.is_estimate ? `about ${formatCount(kind.rows)}` : formatCount(kind.rows);
}

export function bytesText(bytes: number | null): string {
  return bytes === null ? "not known yet" : `about ${formatBytes(bytes)}`;
}

const DAY_MS = 86_400_000;
const FEWEST_DAYS = 14;

/** Every day until today, also those of which nothing is kept; two weeks at least, or a single day would fill the chart. */
export function everyDay(days: StoredKind["days"], today: string): { readonly day: string; readonly quantity: number }[] {
  const rows = new Map(days.map((each) => [each.day, each.rows]));
  const stored = days.map((each) => Date.parse(each.day));
  const last = Math.max(Date.parse(today), ...stored);
  const first = Math.min(last - (FEWEST_DAYS - 1) * DAY_MS, ...stored);
  return Array.from({ length: Math.round((last - first) / DAY_MS) + 1 }, (_, index) => {
    const day = new Date(first + index * DAY_MS).toISOString().slice(0, 10);
    return { day, quantity: rows.get(day) ?? 0 };
  });
}

/** The time in which all that is kept lies: what its page is to show, which by itself shows the last hours. */
export function keptRange({ kept_days: kept, days }: StoredKind, now: number): RangeSearch {
  if (kept <= 30) return { range: kept <= 7 ? "7d" : "30d" };
  if (days.length === 0) return {};
  const first = Math.min(...days.map((each) => Date.parse(each.day)));
  return { from: new Date(first).toISOString(), to: new Date(now).toISOString() };
}

/** The sentence that answers the page's question. */
export function storageSentence(storage: Storage): string {
  const rows = storage.kinds.reduce((sum, kind) => sum + kind.rows, 0);
  if (rows === 0) return "Nothing is kept yet.";
  const sizes = storage.kinds.map((kind) => kind.bytes);
  const whole = sizes.every((size) => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null;
  const dear = [...storage.kinds].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0))[0];
  if (whole === null || whole === 0 || dear === undefined) return `${plural(rows, "row")} kept.`;
  return `${plural(rows, "row")} kept, ${bytesText(whole)}; ${Math.round(((dear.bytes ?? 0) / whole) * 100)} % of it ${STORED_WORDS[dear.kind].toLowerCase()}.`;
}

/** "8.7 to 1", or why there is no such number. */
export function compressionText(kind: StoredKind, compresses: boolean): string {
  if (!compresses) return "not compressed by this server";
  return kind.compression === null ? "nothing compressed yet" : `${kind.compression.toFixed(1)} to 1`;
}

/** What saving would do, in words. */
export function droppedText(found: Retention): string {
  if (found.dropped_rows === 0) return "Nothing is dropped by it now.";
  const size = found.dropped_bytes === null ? "" : `, ${bytesText(found.dropped_bytes)}`;
  return `Drops ${plural(found.dropped_days, "day")}: ${formatCount(found.dropped_rows)} rows${size}. That cannot be undone.`;
}
