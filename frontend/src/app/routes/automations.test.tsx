import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

function named(name: string) {
  const found = world.automations.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the demo has no automation ${name}`);
  return found;
}

/** What the page sends to the address, one by one. */
function bodiesOf(method: "post" | "patch", path: string): unknown[] {
  const bodies: unknown[] = [];
  server.use(
    http[method](path, async ({ request }) => {
      bodies.push(await request.clone().json());
      return undefined;
    }),
  );
  return bodies;
}

/** Puts a text where typing it letter by letter would draw the whole editor for each. */
async function paste(user: ReturnType<typeof visit>["user"], field: HTMLElement, text: string): Promise<void> {
  await user.click(field);
  await user.paste(text);
}

describe("automations", () => {
  it("says what watches, in sentences, and pauses one from the list", async () => {
    const { user } = visit("/w/acme/automations");

    expect(await screen.findByText("2 automations watch", {}, PATIENT)).toBeVisible();
    const row = screen.getByRole("listitem", { name: "Tests fail again and again" });
    expect(row).toHaveTextContent("When dbt.test.failed happens 3 times within 1 hour for the same resource.name, notify #data.");
    expect(within(row).getByRole("img", { name: "25 firings in 7 days, 2 today" })).toBeVisible();
    const watches = within(row).getByRole("switch", { name: "Tests fail again and again watches" });
    expect(watches).toBeChecked();
    await user.click(watches);

    expect(await screen.findByText("1 automation watches", {}, PATIENT)).toBeVisible();
    expect(watches).not.toBeChecked();
    await user.click(watches);
    expect(await screen.findByText("2 automations watch", {}, PATIENT)).toBeVisible();
  });

  it("is walked by keyboard", async () => {
    const { user, here } = visit("/w/acme/automations");
    await screen.findByText("2 automations watch", {}, PATIENT);

    await user.keyboard("jj{Enter}");

    await waitFor(() => expect(here().pathname).toBe(`/w/acme/automations/${named("Tests fail again and again").id}`));
  });

  it("leads from nothing to the first one, and says what failed", async () => {
    const { user, here, unmount } = visit("/w/fresh/automations");
    expect(await screen.findByText("Nothing watches for you yet", {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "New automation" }));
    await waitFor(() => expect(here().pathname).toBe("/w/fresh/automations/new"));
    unmount();

    server.use(http.get("*/automations", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit("/w/acme/automations");
    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("req_01J9ZK4T8Q");
  });

  it("shows a viewer everything and changes nothing", async () => {
    asViewer();
    const bodies = bodiesOf("patch", "*/automations/:id");
    const { user } = visit("/w/acme/automations");
    const watches = await screen.findByRole("switch", { name: "Flights are late watches" }, PATIENT);

    expect(watches).toHaveAccessibleDescription("Your role here is viewer; this needs the scope automations:write.");
    await user.click(watches);
    expect(screen.getByRole("button", { name: "New automation" })).toHaveAttribute("aria-disabled", "true");
    expect(bodies).toEqual([]);
  });
});

describe("an automation’s history", () => {
  it("says why it fired and what became of each action", async () => {
    const { user, here } = visit(`/w/acme/automations/${named("Tests fail again and again").id}`);
    const firings = await screen.findByRole("list", { name: "Firings" }, PATIENT);
    const [first] = within(firings).getAllByRole("button", { expanded: false });
    if (first === undefined) throw new Error("it has fired");
    await user.click(first);

    const why = await screen.findByRole("region", { name: "Why it fired" });
    expect(why).toHaveTextContent("3 events within 1h");
    expect(within(why).getAllByRole("link", { name: /^Event of/ })).toHaveLength(3);
    const done = screen.getByRole("region", { name: "What was done" });
    expect(done).toHaveTextContent(/Failed, to be tried again.*Refused with 503\.Try 2/);
    expect(done).toHaveTextContent(/Try 2: Waiting until/);
    expect(done).not.toHaveTextContent("This may pass");
    expect(here().search).toHaveProperty("firing");
  });

  it("stands for all automations together, with the run that one started", async () => {
    const { user } = visit("/w/acme/automations?tab=history");
    const name = /raw.flights happened not at all/;
    await user.click(await screen.findByRole("button", { name }, PATIENT));

    const done = await screen.findByRole("region", { name: "What was done" });
    expect(within(done).getByRole("link", { name: "Open the run" })).toHaveAttribute("href", expect.stringMatching(/^\/w\/acme\/runs\//));
    expect(screen.getByRole("link", { name: "Flights are late" })).toBeVisible();
  });

  it("says so where it never fired", async () => {
    visit(`/w/acme/automations/${named("Loads that never finish").id}`);

    expect(await screen.findByText("It has not fired yet", {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/it watches for nothing/)).toBeVisible();
  });

  it("is deleted by name only", async () => {
    const { user, here } = visit(`/w/acme/automations/${named("Loads that never finish").id}`);
    await user.click(await screen.findByRole("button", { name: "Delete" }, PATIENT));
    const dialog = await screen.findByRole("dialog");

    expect(within(dialog).getByRole("button", { name: "Delete automation" })).toHaveAttribute("aria-disabled", "true");
    await user.type(within(dialog).getByRole("textbox"), "Loads that never finish");
    await user.click(within(dialog).getByRole("button", { name: "Delete automation" }));

    await waitFor(() => expect(here().pathname).toBe("/w/acme/automations"), PATIENT);
    await waitFor(() => expect(screen.queryByText("Loads that never finish")).not.toBeInTheDocument(), PATIENT);
  });
});

describe("the editor", () => {
  it("previews what the sentence would have done", async () => {
    const { user } = visit("/w/acme/automations/new");
    expect(await screen.findByText(/Say which events, or which metric/, {}, PATIENT)).toBeVisible();

    await paste(user, screen.getByPlaceholderText("any name"), "dbt.test.failed");
    await user.keyboard("{Enter}");
    expect(await screen.findByText(/in the last 24 hours/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("radio", { name: "7d" }));
    expect(await screen.findByText(/in the last 7 days, the latest 50 drawn/, {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("list", { name: "Would have fired" }).children).toHaveLength(50);
    expect(screen.getByRole("list", { name: "Matching events" }).children).toHaveLength(20);
  });

  it("watches a metric, drawn beside its threshold", async () => {
    const bodies = bodiesOf("post", "*/automations");
    const { user } = visit("/w/acme/automations/new?metric=rows_loaded&aggregate=sum&by=table&where=table%3Dflights");

    expect(await screen.findByRole("radio", { name: "A metric" }, PATIENT)).toBeChecked();
    expect(screen.getAllByDisplayValue("rows_loaded")[0]).toBeVisible();
    await paste(user, screen.getByLabelText("Name"), "Too many");
    await user.click(screen.getByRole("button", { name: "Create automation" }));
    expect(screen.getAllByText(/Say above what/)[0]).toBeVisible();
    expect(bodies).toEqual([]);
    await user.type(screen.getByRole("textbox", { name: "Threshold" }), "49.5");
    await user.click(screen.getByRole("checkbox", { name: "Fire once more when it is over" }));

    expect(await screen.findByText("It would have looked 100 times.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("rows_loaded was 50.")).toBeVisible();
    expect(screen.queryByText("No event matches")).not.toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Create automation" }));
    await waitFor(() => expect(bodies).toHaveLength(1), PATIENT);
    expect(bodies[0]).toMatchObject({
      trigger: { type: "metric", metric: "rows_loaded", aggregate: "sum", where: { table: ["flights"] }, for_each: ["table"], within_seconds: 300, over: null, is: "above", threshold: 49.5, for_seconds: 0, resolve_at: null, tell_resolved: true, allow_late_seconds: 30 },
    });
  });

  it("makes what it says, with refusals at their fields and the secret shown once", async () => {
    const bodies = bodiesOf("post", "*/automations");
    const { user, here } = visit("/w/acme/automations/new?name=dbt.test.failed");

    await paste(user, await screen.findByLabelText("Name", {}, PATIENT), "Tests fail");
    await user.click(screen.getByRole("button", { name: "Call a webhook" }));
    await user.click(screen.getByRole("button", { name: "Create automation" }));
    expect(screen.getAllByText(/Say which address is called/)[0]).toBeVisible();
    expect(bodies).toEqual([]);
    await paste(user, screen.getByLabelText("Address"), "ftp://pager");
    await user.click(screen.getByRole("button", { name: "Create automation" }));
    expect(await screen.findByText("Must begin with https:// or http://.", {}, PATIENT)).toBeVisible();
    await user.clear(screen.getByLabelText("Address"));
    await paste(user, screen.getByLabelText("Address"), "https://pager.example.com/x");
    await user.click(screen.getByRole("button", { name: "Create automation" }));

    expect(await screen.findByText(/^whsec_/, {}, PATIENT)).toBeVisible();
    expect(bodies.at(-1)).toEqual({
      name: "Tests fail",
      description: "",
      trigger: { type: "event", match: { name: ["dbt.test.failed"] }, for_each: [], threshold: 1, within_seconds: 600 },
      actions: [{ type: "webhook", url: "https://pager.example.com/x", body: null }],
    });
    await user.click(screen.getByRole("button", { name: "I have copied it" }));
    await waitFor(() => expect(here().pathname).toBe(`/w/acme/automations/${named("Tests fail").id}`), PATIENT);
  });

  it("gives a run its parameters by the flow’s signature, or as JSON", async () => {
    const bodies = bodiesOf("post", "*/automations");
    const { user } = visit("/w/acme/automations/new?name=dbt.test.failed");
    await paste(user, await screen.findByLabelText("Name", {}, PATIENT), "Reload");
    await user.click(screen.getByRole("button", { name: "Run a deployment" }));
    const action = screen.getByRole("group", { name: "Action 1" });
    await user.click(within(action).getByRole("combobox", { name: "Deployment" }));
    await user.click(await screen.findByRole("option", { name: "load_flights / hourly" }, PATIENT));
    await user.click(await within(action).findByRole("combobox", { name: "Own parameters" }, PATIENT));
    await user.click(await screen.findByRole("option", { name: "limit" }, PATIENT));
    await user.click(await screen.findByRole("option", { name: "dry_run" }, PATIENT));
    const limit = within(action).getByLabelText("limit");
    expect(limit).toHaveValue("1000");

    await user.clear(limit);
    await paste(user, limit, "2.5");
    expect(within(action).getByText("Enter a whole number.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Create automation" }));
    expect(bodies).toEqual([]);

    await user.clear(limit);
    await paste(user, limit, "{{ event.payload.rows }}");
    await user.click(within(action).getByRole("switch", { name: /dry_run/ }));
    await user.click(within(action).getByRole("button", { name: "Write them as JSON" }));
    expect(within(action).getByLabelText("Parameters")).toHaveValue(JSON.stringify({ limit: "{{ event.payload.rows }}", dry_run: true }, null, 2));
    await user.click(within(action).getByRole("button", { name: "Back to the form" }));
    expect(within(action).getByLabelText("limit")).toHaveValue("{{ event.payload.rows }}");
    await user.click(screen.getByRole("button", { name: "Create automation" }));

    await waitFor(() => expect(bodies).toHaveLength(1));
    expect(bodies[0]).toMatchObject({ actions: [{ type: "run_deployment", parameters: { limit: "{{ event.payload.rows }}", dry_run: true } }] });
  });

  it("begins with the event that somebody came from", async () => {
    const { user, here } = visit("/w/acme/events?name=dbt.test.failed");
    const feed = await screen.findByRole("feed", {}, PATIENT);
    const [first] = await within(feed).findAllByRole("button", { name: /dbt\.test\.failed/ }, PATIENT);
    if (first === undefined) throw new Error("the feed is empty");
    await user.click(first);
    await user.click(await screen.findByRole("link", { name: "Make an automation from this" }));

    await waitFor(() => expect(here().pathname).toBe("/w/acme/automations/new"), PATIENT);
    const what = await screen.findByRole("group", { name: "What happens" }, PATIENT);
    expect(within(what).getByText("dbt.test.failed")).toBeVisible();
    const { match } = here().search as { match: string[] };
    expect(match.map((each) => each.split(":")[0])).toEqual(expect.arrayContaining(["name", "resource.kind", "resource.name"]));
  });

  it("brings what the server says of a field to the sentence", async () => {
    const { user } = visit("/w/acme/automations/new");
    const what = await screen.findByRole("group", { name: "What happens" }, PATIENT);

    await user.click(within(what).getByRole("button", { name: "and where…" }));
    await paste(user, within(what).getByPlaceholderText("payload.rows"), "colour");
    await paste(user, within(what).getByPlaceholderText("value, prefix* or !not"), "red");
    await user.keyboard("{Enter}");

    await waitFor(() => expect(within(what).getByRole("alert")).toHaveTextContent("Not a field of events."), PATIENT);
    expect(screen.getByText(/What is wrong stands at its place/)).toBeVisible();
  });

  it("changes a rule as it was read, unless somebody else was quicker", async () => {
    const rule = named("Flights are late");
    const bodies = bodiesOf("patch", "*/automations/:id");
    const { user, here } = visit(`/w/acme/automations/${rule.id}?tab=edit`);
    const name = await screen.findByLabelText("Name", {}, PATIENT);
    expect(screen.getByRole("radio", { name: "It stops" })).toBeChecked();
    const window = screen.getByRole("textbox", { name: "Window" });
    expect(window).toHaveValue("1");

    await user.clear(window);
    await user.type(window, "2");
    world.automations[world.automations.indexOf(rule)] = { ...rule, version: 9, description: "by somebody else" };
    await user.click(screen.getByRole("button", { name: "Save automation" }));
    expect(await screen.findByText(/was changed meanwhile/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Start over from the present one" }));
    expect(await screen.findByDisplayValue("by somebody else", {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("textbox", { name: "Window" })).toHaveValue("1");

    await paste(user, screen.getByLabelText("Name"), " again");
    await user.click(screen.getByRole("button", { name: "Save automation" }));
    await waitFor(() => expect(here().search).not.toHaveProperty("tab"), PATIENT);
    expect(bodies.at(-1)).toMatchObject({ name: "Flights are late again", version: 9, trigger: rule.trigger, actions: rule.actions });
    expect(name).not.toBeInTheDocument();
  });

  it("asks before what was written is lost, and only then", async () => {
    const rule = named("Tests fail again and again");
    const { user, here } = visit(`/w/acme/automations/${rule.id}?tab=edit`);
    const name = await screen.findByLabelText("Name", {}, PATIENT);
    await user.click(screen.getByRole("tab", { name: "History" }));
    await waitFor(() => expect(here().search).toEqual({}), PATIENT);

    await user.click(screen.getByRole("tab", { name: "Rule" }));
    await paste(user, await screen.findByLabelText("Name", {}, PATIENT), " and again");
    expect(name).not.toBeInTheDocument();
    await user.click(screen.getByRole("radio", { name: "7d" }));
    await waitFor(() => expect(here().search).toEqual({ tab: "edit", range: "7d" }), PATIENT);
    await user.click(screen.getByRole("link", { name: "Metrics" }));
    const dialog = await screen.findByRole("dialog", { name: "Leave without saving" }, PATIENT);
    await user.click(within(dialog).getByRole("button", { name: "Go on writing" }));
    expect(here().pathname).toContain(rule.id);
    expect(screen.getByLabelText("Name")).toHaveValue("Tests fail again and again and again");

    await user.click(screen.getByRole("link", { name: "Metrics" }));
    await user.click(within(await screen.findByRole("dialog", {}, PATIENT)).getByRole("button", { name: "Leave" }));
    await waitFor(() => expect(here().pathname).toBe("/w/acme/metrics"), PATIENT);
  });

  it("says what is wrong with the range of a preview", async () => {
    server.use(http.post("*/automations/preview", () => refusal(400, "invalid_request", "The range is too long.", { from: ["At most 10,000 windows of the trigger's length."] })));
    visit("/w/acme/automations/new?name=query.*");

    expect(await screen.findByText(/The range is too long. from: At most 10,000 windows/, {}, PATIENT)).toBeVisible();
  });

  it("says when more was there than a preview reads", async () => {
    server.use(
      http.post("*/automations/preview", () =>
        HttpResponse.json({ sentence: "", events: [], total: 5_000, would_fire: [], fired: 0, cut: true, read_until: "2026-01-01T12:00:00.000000Z" }),
      ),
    );
    visit("/w/acme/automations/new?name=query.*");

    expect(await screen.findByRole("note", {}, PATIENT)).toHaveTextContent("more than 5,000 events");
    expect(screen.getByText("Never")).toBeVisible();
  });
});
