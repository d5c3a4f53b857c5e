import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { server } from "@/testing/server";

import { queryString, request } from "./api-client";

describe("request", () => {
  it("turns the envelope into an error with its fields and request id", async () => {
    server.use(http.post("*/api/v1/thing", () => refusal(400, "invalid_request", "No.", { name: ["Too long."] })));

    await expect(request("/api/v1/thing", { method: "POST", body: {} })).rejects.toMatchObject({
      code: "invalid_request",
      fields: { name: ["Too long."] },
      requestId: "req_01J9ZK4T8Q",
      retryable: false,
    });
  });

  it("calls an answer that is not ours by its status", async () => {
    server.use(http.get("*/api/v1/thing", () => new HttpResponse("<html>", { status: 502 })));

    await expect(request("/api/v1/thing")).rejects.toMatchObject({ code: "unexpected_answer", status: 502, retryable: true });
  });

  it("says when the server can't be reached", async () => {
    server.use(http.get("*/api/v1/thing", () => HttpResponse.error()));

    await expect(request("/api/v1/thing")).rejects.toMatchObject({ code: "unreachable" });
  });

  it("sends the CSRF cookie back as a header on what changes things, and on nothing else", async () => {
    document.cookie = "csrftoken=abc123";
    const seen: (string | null)[] = [];
    server.use(
      http.all("*/api/v1/thing", ({ request: sent }) => {
        seen.push(sent.headers.get("X-CSRFToken"));
        return HttpResponse.json({});
      }),
    );

    await request("/api/v1/thing");
    await request("/api/v1/thing", { method: "DELETE" });

    expect(seen).toEqual([null, "abc123"]);
  });
});

it("repeats the key of a list and leaves the empty out", () => {
  expect(queryString({ state: ["FAILED", "CRASHED"], q: "", tag: undefined, limit: 5 })).toBe("?state=FAILED&state=CRASHED&limit=5");
});
