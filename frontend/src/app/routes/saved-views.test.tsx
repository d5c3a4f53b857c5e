import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { makeView, savedViewHandlers } from "@/testing/saved-view-handlers";
import { server } from "@/testing/server";

type User = ReturnType<typeof visit>["user"];

const openMenu = async (user: User) => user.click(await screen.findByRole("button", { name: "Views" }, PATIENT));
const choose = async (user: User, name: RegExp) => user.click(await screen.findByRole("menuitem", { name }, PATIENT));
const row = async (name: string) => within(await screen.findByRole("list", { name: "Views" }, PATIENT)).findByRole("listitem", { name });

beforeEach(() => {
  server.use(
    ...savedViewHandlers([
      makeView(),
      makeView({ id: "01a1f0aa-0000-7000-8000-0000000000a2", name: "Mine", is_shared: false, query: "q=users&range=1h" }),
      makeView({ id: "01a1f0aa-0000-7000-8000-0000000000a3", page: "LOGS", name: "Errors", query: "level=ERROR&range=24h" }),
      makeView({ id: "01a1f0aa-0000-7000-8000-0000000000a4", page: "RUNS", name: "Broken", query: "state=failed&state=crashed&range=7d" }),
    ]),
  );
});

it("opens a view in place of what is shown", async () => {
  const { user, here } = visit("/w/acme/events?q=late&range=30d&event=x");
  await openMenu(user);

  expect(screen.queryByRole("menuitem", { name: /Errors/ })).not.toBeInTheDocument();
  await choose(user, /^Failed loads shared/);

  await waitFor(() => expect(here().search).toEqual({ q: "name:table.*", range: "7d" }));
  await openMenu(user);
  expect(await screen.findByRole("menuitem", { name: /^Failed loads/, current: true }, PATIENT)).toBeVisible();
});

it("saves what is shown, without what was opened", async () => {
  const { user } = visit("/w/acme/events?q=late&range=30d&event=x");
  await openMenu(user);
  await choose(user, /^Save as view/);
  const dialog = await screen.findByRole("dialog");

  await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "Late ones");
  await user.click(within(dialog).getByRole("switch", { name: "Share with the workspace" }));
  await user.click(within(dialog).getByRole("button", { name: "Save view" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);

  await openMenu(user);
  expect(await screen.findByRole("menuitem", { name: /^Late ones shared/, current: true }, PATIENT)).toBeVisible();
});

it("says that a name is taken, and keeps what was typed", async () => {
  const { user } = visit("/w/acme/events?q=late");
  await openMenu(user);
  await choose(user, /^Save as view/);
  const dialog = await screen.findByRole("dialog");

  await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "Mine{Enter}");

  expect(await within(dialog).findByRole("alert")).toHaveTextContent("has this name already");
  expect(within(dialog).getByRole("textbox", { name: "Name" })).toHaveValue("Mine");
});

it("replaces, renames, shares and deletes", async () => {
  const { user } = visit("/w/acme/events?q=late&range=30d");
  await openMenu(user);
  await choose(user, /^Manage views/);

  await user.click(within(await row("Mine")).getByRole("button", { name: "Replace" }));
  await waitFor(async () => expect(within(await row("Mine")).getByRole("button", { name: "Replace" })).toHaveAttribute("aria-disabled", "true"), PATIENT);
  await user.click(within(await row("Mine")).getByRole("button", { name: "Rename" }));
  const field = within(await row("Mine")).getByRole("textbox", { name: "Name" });
  await user.clear(field);
  await user.type(field, "Latest{Enter}");
  await user.click(within(await row("Latest")).getByRole("button", { name: "Share" }));
  await user.click(await within(await row("Latest")).findByRole("button", { name: "Make private" }, PATIENT));
  await user.click(within(await row("Failed loads")).getByRole("button", { name: "Delete" }));
  await user.click(within(await row("Failed loads")).getByRole("button", { name: "Delete for everybody" }));

  await waitFor(() => expect(screen.queryByRole("listitem", { name: "Failed loads" })).not.toBeInTheDocument(), PATIENT);
  expect(await row("Latest")).toHaveTextContent("only you");
});

it("says why a shared view can't be changed", async () => {
  asViewer();
  server.use(...savedViewHandlers([makeView({ may_change: false })]));
  const { user } = visit("/w/acme/events");
  await openMenu(user);
  await choose(user, /^Manage views/);
  const shared = await row("Failed loads");

  for (const name of ["Replace", "Rename", "Make private", "Delete"]) {
    expect(within(shared).getByRole("button", { name })).toHaveAccessibleDescription(/needs the scope telemetry:manage/);
  }
});

it.each([
  ["logs", /^Errors/, { level: "ERROR", range: "24h" }],
  ["runs", /^Broken/, { state: ["failed", "crashed"], range: "7d" }],
])("has views of %s, too", async (page, name, search) => {
  const { user, here } = visit(`/w/acme/${page}`);
  await openMenu(user);
  await choose(user, name);

  await waitFor(() => expect(here().search).toEqual(search));
});
