import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { rowOf } from "@/testing/demo/runs";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const ID = world.deploymentRows[0]?.id ?? "";

describe("versions of a deployment", () => {
  it("shows what each changed, by the address, and rolls back to one", async () => {
    const { user, here } = visit(`/w/acme/deployments/${ID}?tab=versions`);
    const list = await screen.findByRole("list", { name: "Versions" }, PATIENT);
    expect(within(list).getByText("parameters, retries")).toBeVisible();

    await user.click(within(list).getByLabelText("Version 2"));
    await waitFor(() => expect(here().searchStr).toBe("?tab=versions&version=2"), PATIENT);
    expect(await within(list).findByText('"limit": 500', { exact: false }, PATIENT)).toHaveAttribute("data-kind", "gone");
    expect(within(list).getByText('"limit": 1000', { exact: false })).toHaveAttribute("data-kind", "new");

    const [, second] = within(list).getAllByText("Roll back");
    if (second === undefined) throw new Error("two versions stand no more");
    await user.click(second);
    const dialog = await screen.findByRole("dialog", { name: "Roll back to version 1" }, PATIENT);
    await user.click(within(dialog).getByText("Roll back"));
    expect(await within(list).findByText(/back to 1/, {}, PATIENT)).toBeVisible();
    expect(within(list).getByLabelText("Version 4")).toBeVisible();
  });

  it("says why it can't go back, and to whom", async () => {
    server.use(http.post("*/rollback", () => refusal(409, "bundle_gone", "Its code is no longer kept: deploy it again.")));
    const { user } = visit(`/w/acme/deployments/${ID}?tab=versions`);
    const list = await screen.findByRole("list", { name: "Versions" }, PATIENT);
    await user.click(within(list).getAllByText("Roll back")[0] ?? list);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await user.click(within(dialog).getByText("Roll back"));

    expect(await within(dialog).findByRole("alert", {}, PATIENT)).toHaveTextContent("deploy it again");
  });

  it("is for looking only where one may only look", async () => {
    asViewer();
    visit(`/w/acme/deployments/${ID}?tab=versions`);
    const list = await screen.findByRole("list", { name: "Versions" }, PATIENT);

    for (const button of within(list).getAllByRole("button", { name: "Roll back" })) expect(button).toHaveAttribute("aria-disabled", "true");
  });
});

it("stands at each run of the list that was of one", async () => {
  const [first, second] = world.runs.filter((run) => run.deployment !== null).map(rowOf);
  if (first === undefined || second === undefined) throw new Error("the demo has no such runs");
  server.use(http.get("*/runs", () => HttpResponse.json({ items: [{ ...first, name: "newer-run", deployment_version: 12 }, { ...second, name: "older-run", deployment_version: null }], next_cursor: null })));
  visit("/w/acme/runs");

  const row = (await screen.findByRole("link", { name: /newer-run/ }, PATIENT)).closest<HTMLElement>("[role=row]");
  const other = screen.getByRole("link", { name: /older-run/ }).closest<HTMLElement>("[role=row]");
  expect(row).toHaveTextContent(`${first.deployment?.name ?? ""} v12`);
  expect(other).not.toHaveTextContent(/ v\d/);
});

it("edits what may be said without deploying", async () => {
  const sent: unknown[] = [];
  server.use(
    http.patch("*/deployments/:id", async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json(world.deploymentRows[0]);
    }),
  );
  const { user } = visit(`/w/acme/deployments/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Edit" }, PATIENT));
  const dialog = await screen.findByRole("dialog", {}, PATIENT);
  const limit = within(dialog).getByLabelText("limit");
  await user.clear(limit);
  await user.type(limit, "7");
  await user.click(within(dialog).getByText("Save"));

  await waitFor(() => expect(sent).toHaveLength(1), PATIENT);
  expect(sent[0]).toMatchObject({ parameters: { limit: 7, day: "2013-06-15" }, tags: world.deploymentRows[0]?.tags });
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
});
