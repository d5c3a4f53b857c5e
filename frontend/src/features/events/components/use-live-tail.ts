import { useThrottledCallback } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { eventKeys } from "@/features/events/api/events";
import { matchesEvent, type EventsSearch } from "@/features/events/model";
import { queryString, workspaceUrl } from "@/lib/api-client";
import { useLiveStream, type LiveStatus } from "@/lib/live-stream";
import { useNow } from "@/lib/now";
import { useWorkspace } from "@/lib/workspace";
import type { EventItem } from "@/schema/wire/telemetry";

const RATE_WINDOW_MS = 10_000;
const KEPT = 2_000;
const FRAME_MS = 150;
const HISTOGRAM_MS = 5_000;

interface LiveTail {
  readonly status: LiveStatus;
  readonly events: readonly EventItem[];
  /** Events a second over the last ten seconds, those that the server thinned out included. */
  readonly rate: number;
  readonly thinned: { readonly shown: number; readonly total: number } | null;
}

/** The newest events as they arrive, while the tail is on. */
export function useLiveTail(on: boolean, search: EventsSearch): LiveTail {
  const { slug, liveUrl } = useWorkspace();
  const client = useQueryClient();
  const now = useNow();
  const [events, setEvents] = useState<readonly EventItem[]>([]);
  const [arrivals, setArrivals] = useState<readonly { at: number; count: number }[]>([]);
  const [thinned, setThinned] = useState<LiveTail["thinned"]>(null);
  const waiting = useRef<EventItem[]>([]);
  const refreshHistogram = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: eventKeys.histograms(slug) }),
    HISTOGRAM_MS,
  );
  const flush = useThrottledCallback(() => {
    const fresh = waiting.current.reverse();
    waiting.current = [];
    setEvents((known) => once([...fresh, ...known]).slice(0, KEPT));
    setArrivals((known) => [...known.filter((each) => each.at > Date.now() - RATE_WINDOW_MS), { at: Date.now(), count: fresh.length }]);
  }, FRAME_MS);

  const url = `${liveUrl}${workspaceUrl(slug, "/streams/events")}${queryString({ name: search.name })}`;
  const status = useLiveStream(
    on ? url : null,
    {
      event: (data) => {
        waiting.current.push(data as EventItem);
        flush();
        refreshHistogram();
      },
      sampled: (data) => {
        const { shown, total } = data as { shown: number; total: number };
        setThinned({ shown, total });
        setArrivals((known) => [...known, { at: Date.now(), count: total - shown }]);
      },
    },
    // The tail tells what comes from now on; what came since the list was read is in the list as it is now.
    () => void client.invalidateQueries({ queryKey: eventKeys.feed(slug, search) }),
  );
  const recent = arrivals.filter((each) => each.at > now - RATE_WINDOW_MS);
  const rate = recent.reduce((sum, each) => sum + each.count, 0) / (RATE_WINDOW_MS / 1000);
  return { status, events: on ? events.filter((event) => matchesEvent(event, search, now)) : [], rate, thinned: on ? thinned : null };
}

/** After a lost connection some events come twice. */
function once(events: readonly EventItem[]): readonly EventItem[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()].reverse();
}
