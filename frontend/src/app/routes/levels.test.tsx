import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Breach, Level, LevelInput } from "@/schema/wire/levels";
import { page, refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const DEPLOYMENT = world.deploymentRows.find((each) => !each.paused);
const RUN = world.runs[0];
if (DEPLOYMENT === undefined || RUN === undefined) throw new Error("the demo has no deployment that is active");
const ADDRESS = `/w/acme/deployments/${DEPLOYMENT.id}?tab=levels`;

const BREACH: Breach = { id: "b1", due_at: "2026-11-20T05:30:00Z", run_id: null, created_at: "2026-11-20T05:30:05Z" };
const FINISH: Level = {
  id: "l1",
  flow: DEPLOYMENT.flow,
  deployment: { id: DEPLOYMENT.id, name: DEPLOYMENT.name },
  kind: "FINISH_BY",
  seconds: null,
  time_of_day: "06:30:00",
  weekdays: ["MON", "TUE", "WED", "THU", "FRI"],
  timezone: "Europe/Berlin",
  paused: false,
  next_check_at: "2031-11-23T12:00:05Z",
  last_breach: BREACH,
  created_at: "2026-11-01T00:00:00Z",
  may: { "deployments:write": true },
};
const LASTS: Level = { ...FINISH, id: "l2", kind: "LASTS_AT_MOST", seconds: 1_800, time_of_day: null, last_breach: null };
const WORDS = "must finish by 06:30 on weekdays, Europe/Berlin";

/** A server of these levels; what is asked of it besides reading. */
function serve(levels: readonly Level[], breaches: readonly Breach[] = [BREACH]): string[] {
  const asked: string[] = [];
  const answer = async ({ request }: { readonly request: Request }) => {
    asked.push(`${request.method} ${new URL(request.url).pathname.split("/").slice(5).join("/")} ${await request.text()}`);
    return request.method === "DELETE" ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(FINISH);
  };
  server.use(
    http.get("*/service-levels", ({ request }) => page(new URL(request.url).searchParams.get("deployment_id") === DEPLOYMENT?.id ? levels : [], new URL(request.url))),
    http.get("*/service-levels/:id/breaches", ({ request }) => page(breaches, new URL(request.url))),
    http.all("*/service-levels/:id", answer),
  );
  return asked;
}

describe("the service levels of a deployment", () => {
  it("stand in words, with when they are looked at and when they were broken", async () => {
    serve([FINISH, LASTS]);
    visit(ADDRESS);
    const list = await screen.findByRole("list", { name: "Service levels" }, PATIENT);
    const [finish, lasts] = within(list).getAllByRole("listitem");

    expect(finish).toHaveTextContent("Must finish by 06:30 on weekdays, Europe/Berlin");
    expect(finish).toHaveTextContent(/Next check 23 Nov.*Broken/);
    expect(lasts).toHaveTextContent("Must last less than 30m");
    expect(lasts).toHaveTextContent(/Each run is watched while it goes on.*Never broken/);
  });

  it("lead to each breach, by the address, to its run, and to a rule made of it", async () => {
    serve([FINISH], [{ ...BREACH, id: "b2", run_id: RUN.id, created_at: "2026-11-20T05:32:00Z" }, BREACH]);
    const { user, here } = visit(ADDRESS);
    await user.click(await screen.findByRole("button", { name: /^Must finish by 06:30/ }, PATIENT));
    const table = await screen.findByRole("table", { name: `Breaches: ${WORDS}` }, PATIENT);
    const [, first, second] = within(table).getAllByRole("row");
    if (first === undefined || second === undefined) throw new Error("two breaches are not shown");

    expect(here().searchStr).toBe("?tab=levels&level=l1");
    expect(first).toHaveTextContent(/Fri 20 Nov.*06:30.*2m 00s late/);
    expect(within(first).getByRole("link")).toHaveAttribute("href", `/w/acme/runs/${RUN.id}`);
    const around = new URL(within(second).getByRole("link", { name: "Runs around then" }).getAttribute("href") ?? "", "http://here");
    expect(around.pathname).toBe("/w/acme/runs");
    expect(Object.fromEntries(around.searchParams)).toEqual({ deployment_id: DEPLOYMENT.id, from: "2026-11-19T17:30:00.000Z", to: "2026-11-20T17:30:00.000Z" });
    const rule = new URL(screen.getByRole("link", { name: "Make an automation from this" }).getAttribute("href") ?? "", "http://here");
    expect(rule.pathname).toBe("/w/acme/automations/new");
    expect(Object.fromEntries(rule.searchParams)).toEqual({ name: "headway.service_level.breached", resource: "l1" });
  });

  it("are paused, changed in what is new, and deleted once that is confirmed", async () => {
    const asked = serve([FINISH]);
    const { user } = visit(ADDRESS);
    await user.click(await screen.findByRole("switch", { name: `Service level ${WORDS} active` }, PATIENT));
    await waitFor(() => expect(asked).toEqual(['PATCH service-levels/l1 {"paused":true}']), PATIENT);

    await user.click(screen.getByRole("button", { name: `Change: ${WORDS}` }));
    const form = await screen.findByRole("dialog", { name: "Must finish by" }, PATIENT);
    expect(within(form).queryByRole("radio")).not.toBeInTheDocument();
    fireEvent.change(within(form).getByLabelText("By"), { target: { value: "07:15" } });
    await user.click(within(form).getByText("Save"));
    await waitFor(() => expect(asked[1]).toBe('PATCH service-levels/l1 {"time_of_day":"07:15:00"}'), PATIENT);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);

    await user.click(screen.getByRole("button", { name: `Delete: ${WORDS}` }));
    const confirm = await screen.findByRole("dialog", { name: "Delete this service level" }, PATIENT);
    expect(confirm).toHaveTextContent("Their events stay.");
    expect(asked).toHaveLength(2);
    await user.click(within(confirm).getByText("Delete service level"));
    await waitFor(() => expect(asked[2]).toBe("DELETE service-levels/l1 "), PATIENT);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
  });

  it("may only be looked at where one may only look, or where the rules of the deployment say so", async () => {
    asViewer();
    const asked = serve([FINISH]);
    const { unmount, user } = visit(ADDRESS);
    const active = await screen.findByRole("switch", { name: `Service level ${WORDS} active` }, PATIENT);
    expect(active).toHaveAccessibleDescription(/^Your role here is viewer/);
    await user.click(active);
    expect(active).toBeChecked();
    expect(asked).toEqual([]);
    expect(screen.getByRole("button", { name: "Add" })).toHaveAttribute("aria-disabled", "true");
    unmount();

    server.resetHandlers();
    serve([{ ...FINISH, may: { "deployments:write": { code: "object_restricted", message: "Only the loaders may." } } }]);
    visit(ADDRESS);
    expect(await screen.findByRole("button", { name: `Delete: ${WORDS}` }, PATIENT)).toHaveAccessibleDescription("Only the loaders may.");
  });

  it("say when they can't be loaded, and that nothing is promised while the deployment is paused", async () => {
    server.use(http.get("*/service-levels", () => refusal(500, "internal", "Something broke.")));
    const { unmount } = visit(ADDRESS);
    expect(await screen.findByText("Loading the service levels didn’t work", {}, PATIENT)).toBeVisible();
    unmount();

    server.resetHandlers();
    serve([FINISH]);
    server.use(http.get("*/deployments/:id", () => HttpResponse.json({ ...DEPLOYMENT, paused: true })));
    visit(ADDRESS);
    expect(await screen.findByText("Not while the deployment is paused", {}, PATIENT)).toBeVisible();
  });
});

describe("a new service level", () => {
  function keep(): LevelInput[] {
    const sent: LevelInput[] = [];
    server.use(
      http.post("*/service-levels", async ({ request }) => {
        const given = (await request.json()) as LevelInput;
        sent.push(given);
        if (given.seconds === 13) return refusal(400, "invalid_request", "Nothing can be promised so.", { seconds: ["Not thirteen."] });
        return HttpResponse.json(FINISH, { status: 201 });
      }),
    );
    return sent;
  }

  it("is by the clock, on the days chosen", async () => {
    serve([]);
    const sent = keep();
    const { user } = visit(ADDRESS);
    await user.click(await screen.findByRole("button", { name: "Add a service level" }, PATIENT));
    const form = await screen.findByRole("dialog", {}, PATIENT);
    await user.click(within(form).getByLabelText("Must start by"));
    fireEvent.change(within(form).getByLabelText("By"), { target: { value: "" } });
    for (const day of ["Sat", "Sun"]) await user.click(within(form).getByLabelText(day));
    await user.click(within(form).getByText("Add service level"));
    expect(within(form).getByText("Enter a time.")).toBeVisible();
    expect(sent).toEqual([]);

    fireEvent.change(within(form).getByLabelText("By"), { target: { value: "05:00" } });
    await user.click(within(form).getByText("Add service level"));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
    expect(sent).toEqual([expect.objectContaining({ deployment_id: DEPLOYMENT.id, kind: "START_BY", time_of_day: "05:00:00", weekdays: ["MON", "TUE", "WED", "THU", "FRI"] })]);
  });

  it("is a length of time, and shows at its field what is refused", async () => {
    serve([]);
    const sent = keep();
    const { user } = visit(ADDRESS);
    await user.click(await screen.findByRole("button", { name: "Add a service level" }, PATIENT));
    const form = await screen.findByRole("dialog", {}, PATIENT);
    await user.click(within(form).getByLabelText("Must succeed within"));
    await user.selectOptions(within(form).getByLabelText("Unit of within"), "s");
    fireEvent.change(within(form).getByLabelText("Within"), { target: { value: "13" } });
    await user.click(within(form).getByText("Add service level"));
    expect(await within(form).findByText("Not thirteen.", {}, PATIENT)).toBeVisible();

    fireEvent.change(within(form).getByLabelText("Within"), { target: { value: "26" } });
    await user.selectOptions(within(form).getByLabelText("Unit of within"), "h");
    await user.click(within(form).getByText("Add service level"));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
    expect(sent.at(-1)).toEqual({ deployment_id: DEPLOYMENT.id, kind: "SUCCEEDS_WITHIN", seconds: 93_600 });
  });
});
