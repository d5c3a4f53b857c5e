import { useThrottledCallback } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { eventKeys } from "@/features/events/api/events";
import { eventFilters, isInRange, type EventsSearch } from "@/features/events/model";
import { queryString, workspaceUrl } from "@/lib/api-client";
import { useLiveStream, type LiveStatus } from "@/lib/live-stream";
import { useNow } from "@/lib/now";
import { useWorkspace } from "@/lib/workspace";
import type { EventItem } from "@/schema/wire/telemetry";

const RATE_WINDOW_MS = 10_000;
const KEPT = 2_000;
const FRAME_MS = 150;
const HISTOGRAM_MS = 5_000;

interface Arrival {
  readonly at: number;
  readonly shown: number;
  readonly total: number;
}

export interface LiveTail {
  readonly status: LiveStatus;
  readonly events: readonly EventItem[];
  /** Events a second over the last ten seconds, those that the server thinned out included. */
  readonly rate: number;
  /** Over the same time: one of so many is shown; 1 when all are. */
  readonly oneOf: number;
  /** Lately the server could not look through all that came: some of it is neither shown nor counted. */
  readonly isBehind: boolean;
}

/** The newest events as they arrive, while the tail is on. */
export function useLiveTail(on: boolean, search: EventsSearch): LiveTail {
  const { slug, liveUrl } = useWorkspace();
  const client = useQueryClient();
  const now = useNow();
  const url = `${liveUrl}${workspaceUrl(slug, "/streams/events")}${queryString(eventFilters(search))}`;
  const [events, setEvents] = useState<readonly EventItem[]>([]);
  const [arrivals, setArrivals] = useState<readonly Arrival[]>([]);
  const [behindAt, setBehindAt] = useState(0);
  const [shownUrl, setShownUrl] = useState(url);
  if (shownUrl !== url) {
    // Another question: what answered the last one does not belong here.
    setShownUrl(url);
    setEvents([]);
    setArrivals([]);
    setBehindAt(0);
  }
  const waiting = useRef<{ url: string; items: EventItem[] }>({ url, items: [] });
  const refreshHistogram = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: eventKeys.histograms(slug) }),
    HISTOGRAM_MS,
  );
  const arrived = (shown: number, total: number) =>
    setArrivals((known) => [...known.filter((each) => each.at > Date.now() - RATE_WINDOW_MS), { at: Date.now(), shown, total }]);
  const flush = useThrottledCallback(() => {
    const fresh = waiting.current.url === url ? waiting.current.items.reverse() : [];
    waiting.current = { url, items: [] };
    setEvents((known) => once([...fresh, ...known]).slice(0, KEPT));
    arrived(fresh.length, fresh.length);
  }, FRAME_MS);

  const status = useLiveStream(
    on ? url : null,
    {
      event: (data) => {
        if (waiting.current.url !== url) waiting.current = { url, items: [] };
        waiting.current.items.push(data as EventItem);
        flush();
        refreshHistogram();
      },
      sampled: (data) => {
        const { shown, total } = data as { shown: number; total: number };
        arrived(0, total - shown);
      },
      behind: () => setBehindAt(Date.now()),
    },
    // The tail tells what comes from now on; what came since the list was read is in the list as it is now.
    () => void client.invalidateQueries({ queryKey: eventKeys.feed(slug, search) }),
  );
  const recent = arrivals.filter((each) => each.at > now - RATE_WINDOW_MS);
  const sum = (key: "shown" | "total") => recent.reduce((soFar, each) => soFar + each[key], 0);
  return {
    status,
    events: on ? events.filter((event) => isInRange(event, search, now)) : [],
    rate: sum("total") / (RATE_WINDOW_MS / 1000),
    isBehind: behindAt > now - RATE_WINDOW_MS,
    oneOf: sum("shown") === 0 ? 1 : sum("total") / sum("shown"),
  };
}

/** After a lost connection some events come twice. */
function once(events: readonly EventItem[]): readonly EventItem[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()].reverse();
}
