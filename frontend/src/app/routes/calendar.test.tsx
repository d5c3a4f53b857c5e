import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Calendar } from "@/schema/wire/deployments";
import { refusal } from "@/testing/answers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const DEPLOYMENT = world.deploymentRows[0];
const OF = { id: DEPLOYMENT?.id ?? "", name: "nightly", flow: { id: "f", name: "load" } };
const item = (due_at: string, schedule_id = "s1") => ({ due_at, schedule_id, schedule_name: "", timezone: "UTC", deployment: OF });

function answer(body: Partial<Calendar>): URL[] {
  const asked: URL[] = [];
  server.use(
    http.get("*/schedules", ({ request }) => {
      asked.push(new URL(request.url));
      return HttpResponse.json({ items: [], dense: [], truncated: false, ...body });
    }),
  );
  return asked;
}

describe("the calendar", () => {
  it("shows what starts when, on the clock that is asked for, and what is due too often for that", async () => {
    const asked = answer({
      items: [item("2031-03-03T06:00:00Z"), item("2031-03-03T06:20:00Z"), item("2031-03-05T22:30:00Z", "s2")],
      dense: [{ ...item("2031-03-03T00:00:00Z", "s3"), seconds_apart: 60 }],
    });
    visit("/w/acme/calendar?from=2031-03-03&zone=Asia%2FTokyo");

    const grid = await screen.findByRole("table", { name: "What starts when" }, PATIENT);
    expect(within(grid).getByText("15:00 +1")).toBeVisible();
    // Late in the evening of UTC is the next morning of Tokyo.
    expect(within(grid).getByText("07:30")).toBeVisible();
    expect(within(grid).getAllByRole("link")[0]).toHaveAttribute("href", `/w/acme/deployments/${OF.id}`);
    expect(screen.getByRole("region", { name: "Very often" })).toHaveTextContent("every 1m");
    expect(screen.getByText("3 starts in seven days")).toBeVisible();
    expect(asked[0]?.searchParams.get("since")).toBe("2031-03-02T15:00:00.000Z");
    expect(asked[0]?.searchParams.get("until")).toBe("2031-03-09T15:00:00.000Z");
  });

  it("goes from week to week and to one deployment by the address", async () => {
    const asked = answer({ items: [item("2031-03-03T06:00:00Z")], truncated: true });
    const { user, here } = visit("/w/acme/calendar?from=2031-03-03&zone=UTC");
    expect(await screen.findByText(/There is more than can be shown/, {}, PATIENT)).toBeVisible();

    await user.click(screen.getByLabelText("The week after"));
    await waitFor(() => expect(here().searchStr).toContain("from=2031-03-10"), PATIENT);
    await user.click(screen.getByRole("button", { name: "Deployment" }));
    await user.click(await screen.findByRole("radio", { name: `${DEPLOYMENT?.flow.name ?? ""} / ${DEPLOYMENT?.name ?? ""}` }, PATIENT));

    await waitFor(() => expect(asked.at(-1)?.searchParams.get("deployment_id")).toBe(OF.id), PATIENT);
    expect(here().searchStr).toContain(`deployment=${OF.id}`);
  });

  it("says when nothing starts by itself, and when it can't be told", async () => {
    answer({});
    const { unmount } = visit("/w/acme/calendar");
    expect(await screen.findByText("Nothing starts by itself this week", {}, PATIENT)).toBeVisible();
    unmount();

    server.use(http.get("*/schedules", () => refusal(500, "internal", "Something broke.")));
    visit("/w/acme/calendar");
    expect(await screen.findByText("req_01J9ZK4T8Q", { exact: false }, PATIENT)).toBeVisible();
  });
});
