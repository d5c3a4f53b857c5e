import { useEffect, useEffectEvent, useState } from "react";

export type LiveStatus = "off" | "connecting" | "live" | "lost";
export type LiveHandlers = Readonly<Record<string, (data: unknown) => void>>;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listens to a server-sent event stream while mounted.
 *
 * EventSource repeats its last id by itself after a dropped connection; after an answer that is not a stream it gives
 * up for good, so that case is reopened here, each time later, and goes on behind the last message all the same.
 */
export function useLiveStream(url: string | null, handlers: LiveHandlers, onOpen?: () => void): LiveStatus {
  const [status, setStatus] = useState<LiveStatus>("connecting");
  const dispatch = useEffectEvent((type: string, data: unknown) => handlers[type]?.(data));
  const opened = useEffectEvent(() => onOpen?.());
  const types = Object.keys(handlers).sort().join(",");

  useEffect(() => {
    if (url === null) return;
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let wait = FIRST_WAIT_MS;
    let cursor = "";

    const open = () => {
      source = new EventSource(cursor === "" ? url : withCursor(url, cursor), { withCredentials: true });
      source.onopen = () => {
        wait = FIRST_WAIT_MS;
        setStatus("live");
        opened();
      };
      source.onerror = () => {
        setStatus("lost");
        if (source?.readyState !== EventSource.CLOSED) return;
        timer = setTimeout(open, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      };
      for (const type of types.split(",")) {
        source.addEventListener(type, (event: MessageEvent<string>) => {
          cursor = event.lastEventId;
          dispatch(type, JSON.parse(event.data));
        });
      }
    };
    open();

    return () => {
      source?.close();
      if (timer !== null) clearTimeout(timer);
    };
  }, [url, types]);

  return url === null ? "off" : status;
}

function withCursor(url: string, cursor: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}
