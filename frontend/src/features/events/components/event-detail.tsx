import { Link } from "@tanstack/react-router";

import { CopyId } from "@/components/ui/copy-id";
import { Facts } from "@/components/ui/facts";
import { JsonView } from "@/components/ui/json-view";
import { paths } from "@/config/paths";
import { AutomationLink } from "@/features/events/components/automation-link";
import { likeTerms, type ResourceAsked } from "@/features/events/model";
import { formatExact } from "@/lib/time";
import { formatDuration } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { EventItem } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface EventDetailProps {
  readonly event: EventItem;
  readonly onAbout: (resource: ResourceAsked) => void;
}

export function EventDetail({ event, onAbout }: EventDetailProps) {
  const { slug: workspace } = useWorkspace();
  const lag = Date.parse(event.received_at) - Date.parse(event.occurred_at);
  const resources = [...(event.resource === null ? [] : [{ ...event.resource, role: "about" }]), ...event.related];
  return (
    <div className={styles["detail"]}>
      <Facts
        facts={[
          { term: "Happened", value: formatExact(event.occurred_at) },
          { term: "Arrived", value: `${formatDuration(Math.max(0, lag))} later` },
          ...(event.source === "" ? [] : [{ term: "Source", value: event.source }]),
          ...(event.run_id === null
            ? []
            : [
                {
                  term: "Run",
                  value: (
                    <Link to={paths.run} params={{ workspace, runId: event.run_id }} className="link">
                      Open the run
                    </Link>
                  ),
                },
              ]),
          ...(event.follows === null ? [] : [{ term: "Follows", value: <CopyId id={event.follows} label="event id" /> }]),
          { term: "Id", value: <CopyId id={event.id} label="event id" /> },
        ]}
      />
      <p className={styles["onward"]}>
        <AutomationLink q={likeTerms(event)}>Make an automation from this</AutomationLink>
      </p>
      {resources.length > 0 && (
        <div className={styles["related"]} role="group" aria-label="Resources">
          {resources.map((resource) => (
            <button
              key={`${resource.role} ${resource.kind} ${resource.name}`}
              type="button"
              className={styles["resource"]}
              title="What is known of it"
              onClick={() => onAbout(resource)}
            >
              <span className="muted">
                {resource.role} {resource.kind}
              </span>{" "}
              {resource.name}
            </button>
          ))}
        </div>
      )}
      <JsonView value={event.payload} label="payload" tools={false} copyable />
    </div>
  );
}
