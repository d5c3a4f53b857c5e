import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeEventSource } from "@/testing/event-source";

import { useLiveStream } from "./live-stream";

const URL_OF_STREAM = "https://headway.test/streams/runs";

describe("a live stream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    FakeEventSource.closeAll();
    vi.useRealTimers();
  });

  it("goes on behind the last message after an answer that was not a stream", () => {
    const heard: unknown[] = [];
    renderHook(() => useLiveStream(URL_OF_STREAM, { run: (data) => heard.push(data) }));
    FakeEventSource.send("/streams/runs", "run", "first", "2026-03-04T12:00:00.000001Z");

    act(() => FakeEventSource.refuse("/streams/runs"));
    expect(FakeEventSource.urls).toEqual([]);
    act(() => void vi.advanceTimersByTime(1_000));

    expect(FakeEventSource.urls).toEqual([`${URL_OF_STREAM}?cursor=2026-03-04T12%3A00%3A00.000001Z`]);
    FakeEventSource.send("/streams/runs", "run", "second");
    expect(heard).toEqual(["first", "second"]);
  });
});
