import { HttpResponse } from "msw";

export function refusal(status: number, code: string, message: string, fields: Record<string, string[]> | null = null) {
  return HttpResponse.json(
    { error: { code, message, details: {}, fields, retryable: status >= 500, request_id: "req_01J9ZK4T8Q" } },
    { status },
  );
}

export function page<T>(items: readonly T[], url: URL) {
  const limit = Number(url.searchParams.get("limit") ?? 50);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const rest = from + limit < items.length ? String(from + limit) : null;
  return HttpResponse.json({ items: items.slice(from, from + limit), next_cursor: rest });
}
