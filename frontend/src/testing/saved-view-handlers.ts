import { http, HttpResponse } from "msw";

import type { SavedView } from "@/schema/wire/saved-views";

import { page, refusal } from "./answers";

const W = "*/api/v1/workspaces/:workspace";

export function makeView(part: Partial<SavedView> = {}): SavedView {
  const now = new Date().toISOString();
  return {
    id: "01a1f0aa-0000-7000-8000-0000000000a1",
    page: "EVENTS",
    name: "Failed loads",
    query: "q=name%3Atable.*&range=7d",
    is_shared: true,
    owner: "Ana",
    may_change: true,
    created_at: now,
    updated_at: now,
    ...part,
  };
}

/** Saved views as the server keeps them: one name once. */
export function savedViewHandlers(first: readonly SavedView[] = [makeView()]) {
  let all = [...first];
  const isTaken = (view: SavedView) =>
    all.some((each) => each.id !== view.id && each.page === view.page && each.name === view.name && each.is_shared === view.is_shared);
  const taken = () => refusal(409, "saved_view_name_taken", "A view of this page has this name already.");
  return [
    http.get(`${W}/saved-views`, ({ request }) => {
      const url = new URL(request.url);
      return page(all.filter((each) => each.page === url.searchParams.get("page")).toSorted((one, other) => one.name.localeCompare(other.name)), url);
    }),
    http.post(`${W}/saved-views`, async ({ request }) => {
      const made = makeView({ ...((await request.json()) as Partial<SavedView>), id: `01a1f0aa-0000-7000-8000-0000000000b${all.length}` });
      if (isTaken(made)) return taken();
      all = [...all, made];
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/saved-views/:id`, async ({ params, request }) => {
      const found = all.find((each) => each.id === params["id"]);
      if (found === undefined) return refusal(404, "not_found", "There is no such view in this workspace.");
      const saved = { ...found, ...((await request.json()) as Partial<SavedView>) };
      if (isTaken(saved)) return taken();
      all = all.map((each) => (each.id === found.id ? saved : each));
      return HttpResponse.json(saved);
    }),
    http.delete(`${W}/saved-views/:id`, ({ params }) => {
      all = all.filter(({ id }) => id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
