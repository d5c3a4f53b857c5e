import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Approval } from "@/schema/wire/approvals";
import { refusal } from "@/testing/answers";
import { makeApprovals, RELEASE_FORM } from "@/testing/demo/approvals";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

/** Several dialogs and answers in one test: on a busy machine that takes longer than usual. */
const SLOW = 120_000;

const fresh = () => makeApprovals(Date.now(), world.runs);

/** The demo's questions as they are before anybody answers. */
function ask(): Approval[] {
  world.approvals.splice(0, world.approvals.length, ...fresh());
  return world.approvals;
}

const card = async (title: string) => {
  const found = (await screen.findByRole("heading", { name: title }, PATIENT)).closest("li");
  if (found === null) throw new Error("a question stands in a list");
  return within(found);
};

describe("the inbox", () => {
  it("counts at its link what waits, and takes no answer that lacks something", async () => {
    ask();
    const { user } = visit("/w/acme/approvals");

    expect(await screen.findByText("2 questions wait for an answer.", {}, PATIENT)).toBeVisible();
    expect(screen.getAllByLabelText("Approvals 2 waiting for an answer")[0]).toHaveAttribute("href", "/w/acme/approvals");
    const question = await card("Which version goes out?");
    await user.click(question.getByText("Approve"));

    expect(question.getAllByText("This one is needed.")).toHaveLength(2);
    expect(world.approvals[0]?.state).toBe("OPEN");
  });

  it("asks by the question's own form, and puts a refusal at its field", async () => {
    ask();
    const { user } = visit("/w/acme/approvals");
    const question = await card("Which version goes out?");
    const type = (label: RegExp, value: string) => fireEvent.change(question.getByLabelText(label), { target: { value } });

    await user.click(question.getByLabelText("limits"));
    type(/^version/, "0.0");
    type(/^rows/, "12");
    await user.click(question.getByRole("combobox"));
    await user.click(await screen.findByText("beta"));
    await user.click(question.getByText("Approve"));
    expect(await question.findByText("There is no such version.", {}, PATIENT)).toBeVisible();

    type(/^version/, "2.13");
    type(/^Comment/, "Go.");
    await user.click(question.getByText("Approve"));

    await waitFor(() => expect(world.approvals[0]).toMatchObject({ state: "APPROVED", comment: "Go.", answer: { version: "2.13", channel: "beta", hot: false, limits: { rows: 12 } } }), PATIENT);
    expect((await screen.findAllByLabelText("Approvals 1 waiting for an answer", {}, PATIENT))[0]).toBeInTheDocument();
  }, SLOW);

  it("rejects without the form", async () => {
    ask();
    const { user } = visit("/w/acme/approvals");
    const question = await card("Which version goes out?");

    fireEvent.change(question.getByLabelText(/^Comment/), { target: { value: "Not today." } });
    await user.click(question.getByRole("button", { name: "Reject" }));

    await waitFor(() => expect(world.approvals[0]).toMatchObject({ state: "REJECTED", answer: null, comment: "Not today." }), PATIENT);
  });

  it("says who was faster", async () => {
    ask();
    server.use(http.post("*/approvals/:id/answer", () => refusal(409, "approval_closed", "This was approved by Grace Okafor already.")));
    const { user } = visit("/w/acme/approvals");

    await user.click((await card("Delete 1,204 old partitions?")).getByRole("button", { name: "Approve" }));

    expect((await screen.findAllByText("This was approved by Grace Okafor already.", {}, PATIENT))[0]).toBeVisible();
  });

  it("shows who answered what", async () => {
    ask();
    visit("/w/acme/approvals?state=approved");

    const list = within(await screen.findByRole("list", { name: "Approvals" }, PATIENT));
    expect(await list.findByText("Grace Okafor")).toBeVisible();
    expect(list.getByText("Checked with finance.")).toBeVisible();
    expect(list.getByText("2.12")).toBeVisible();
    expect(list.queryByRole("button", { name: "Approve" })).not.toBeInTheDocument();
  });

  it("tells who may not answer why, and counts nothing for them", async () => {
    ask();
    asViewer();
    visit("/w/acme/approvals");

    const question = await card("Delete 1,204 old partitions?");
    expect(question.getByRole("button", { name: "Approve" })).toHaveAttribute("aria-disabled", "true");
    expect(question.queryByRole("textbox")).not.toBeInTheDocument();
    expect(screen.getAllByLabelText("Approvals")[0]).toHaveAttribute("href", "/w/acme/approvals");
  });

  it("shows how code asks while nothing does, and that it could not be read", async () => {
    const { unmount } = visit("/w/fresh/approvals");
    expect(await screen.findByText("Nothing waits for an answer", {}, PATIENT)).toBeVisible();
    unmount();

    server.use(http.get("*/approvals", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit("/w/acme/approvals");
    expect(await screen.findByText(/req_01J9ZK4T8Q/, {}, PATIENT)).toBeVisible();
  });
});

describe("the page of the run that asks", () => {
  it("has the question, and what became of it", async () => {
    const [question] = ask();
    if (question === undefined) throw new Error("the demo asks");
    const settled: Approval = { ...question, id: "earlier", title: "Was it you?", state: "EXPIRED", may: { answer: false } };
    world.approvals.push(settled);
    const { user } = visit(`/w/acme/runs/${question.run.id}`);

    const list = within(await screen.findByRole("list", { name: "Approvals of this run" }, PATIENT));
    expect(list.getByText("Nobody answered in time.")).toBeVisible();
    await user.click(list.getByRole("button", { name: "Reject" }));

    expect(await list.findByText("Ada Brandt", {}, PATIENT)).toBeVisible();
    expect(list.queryByRole("button", { name: "Reject" })).not.toBeInTheDocument();
  });

  it("offers no answer once the time is up", async () => {
    const [question] = ask();
    server.use(http.get("*/approvals", () => HttpResponse.json({ items: [{ ...question, form: RELEASE_FORM, expires_at: new Date(Date.now() - 1_000).toISOString() }], next_cursor: null })));
    visit("/w/acme/approvals");

    expect(await screen.findByText("Its time is up.", {}, PATIENT)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Approve" })).not.toBeInTheDocument();
  });
});
