import { Icon } from "@/components/ui/icon";
import { EventDetail } from "@/features/events/components/event-detail";
import { payloadGlimpse, resourceLabel, type ResourceAsked } from "@/features/events/model";
import { formatClockMs, formatDay, formatExact } from "@/lib/time";
import type { EventItem } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface EventRowProps {
  readonly event: EventItem;
  readonly open: boolean;
  readonly active: boolean;
  readonly showDay: boolean;
  readonly onToggle: () => void;
  readonly onAbout: (resource: ResourceAsked) => void;
}

export function EventRow({ event, open, active, showDay, onToggle, onAbout }: EventRowProps) {
  return (
    <>
      <button type="button" className={styles["row"]} aria-expanded={open} data-active={active} onClick={onToggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={13} />
        <time className={`${styles["cell"]} ${styles["time"]}`} dateTime={event.occurred_at} title={formatExact(event.occurred_at)}>
          {showDay ? `${formatDay(event.occurred_at)} ${formatClockMs(event.occurred_at).slice(0, 5)}` : formatClockMs(event.occurred_at)}
        </time>
        <span className={`${styles["cell"]} ${styles["name"]}`}>{event.name}</span>
        <span className={`${styles["cell"]} ${styles["resourceCell"]}`}>
          {event.resource === null ? (
            <span className="muted">–</span>
          ) : (
            <>
              <span className="muted">{event.resource.kind}</span> {resourceLabel(event)}
            </>
          )}
        </span>
        <span className={`${styles["cell"]} ${styles["glimpse"]} mono muted`}>{payloadGlimpse(event.payload)}</span>
      </button>
      {open && <EventDetail event={event} onAbout={onAbout} />}
    </>
  );
}
