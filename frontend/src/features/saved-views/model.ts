import { stringifySearch } from "@/lib/search-params";

/** What of a page's address is kept: what it asks, not what was opened to look at. */
export function viewQuery(search: object, passing: readonly string[]): string {
  const kept = Object.entries(search).filter(([key]) => !passing.includes(key));
  return stringifySearch(Object.fromEntries(kept.toSorted(([one], [other]) => one.localeCompare(other)))).replace(/^\?/, "");
}

/** Two addresses that ask the same, in whatever order. */
export function asksTheSame(one: string, other: string): boolean {
  return sorted(one) === sorted(other);
}

function sorted(query: string): string {
  const params = new URLSearchParams(query);
  params.sort();
  return params.toString();
}
