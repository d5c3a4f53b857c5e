import { SegmentedControl, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { UseQueryResult } from "@tanstack/react-query";

import { MomentsStrip } from "@/components/charts/moments-strip";
import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { MetricPreview } from "@/features/automations/components/metric-preview";
import { placelessFaults } from "@/features/automations/draft";
import { asApiError } from "@/lib/errors";
import { formatDayAndTime, formatExact, PRESET_LABELS, type Preset, type Span } from "@/lib/time";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Preview, PreviewEvent, Trigger, WouldFire } from "@/schema/wire/automations";

import styles from "./automations.module.css";

export const PREVIEW_RANGES = ["1h", "24h", "7d", "30d"] as const satisfies readonly Preset[];

interface PreviewPanelProps {
  readonly query: UseQueryResult<Preview & Span>;
  /** Null while the rule says too little to be asked for. */
  readonly trigger: Trigger | null;
  readonly range: Preset;
  readonly onRange: (range: Preset) => void;
}

/** What the rule would have made of what already happened. */
export function PreviewPanel({ query, trigger, range, onRange }: PreviewPanelProps) {
  const { data } = query;
  const asked = trigger !== null;
  return (
    <Panel
      title="Would have fired"
      aside={
        <SegmentedControl
          aria-label="Preview over"
          size="xs"
          data={PREVIEW_RANGES.map((preset) => ({ value: preset, label: preset }))}
          value={range}
          onChange={onRange}
        />
      }
    >
      {!asked && <p className={styles["quiet"]}>Say which events, or which metric, and what the rule would have done with those of the last time shows here.</p>}
      {asked && query.isError && <Refusal error={query.error} onRetry={() => void query.refetch()} />}
      {asked && query.isPending && <Skeleton height={180} role="status" aria-label="Loading the preview" />}
      {asked && !query.isError && data !== undefined && <Shown preview={data} trigger={trigger} range={range} stale={query.isPlaceholderData || query.isFetching} />}
    </Panel>
  );
}

function Refusal({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const refusal = asApiError(error);
  if (refusal.status !== 400) return <ErrorState error={error} what="preview" onRetry={onRetry} />;
  const placeless = placelessFaults(refusal.fields);
  return (
    <p className={styles["quiet"]} role="alert">
      {refusal.message} {placeless.length > 0 ? placeless.join(" ") : "What is wrong stands at its place."}
    </p>
  );
}

function Shown({ preview, trigger, range, stale }: { readonly preview: Preview & Span; readonly trigger: Trigger; readonly range: Preset; readonly stale: boolean }) {
  const isMetric = trigger.type === "metric";
  const { fired, would_fire, total, events, cut, read_until } = preview;
  const drawn = would_fire.length < fired ? `, the latest ${formatCount(would_fire.length)} drawn` : "";
  return (
    <div className={styles["preview"]} data-stale={stale || undefined} aria-live="polite">
      <p className={styles["verdict"]}>
        <strong>{fired === 0 ? "Never" : plural(fired, "time")}</strong> in the {PRESET_LABELS[range].toLowerCase()}
        {drawn}
      </p>
      <MomentsStrip
        moments={would_fire.map((one) => Date.parse(one.at))}
        from={Date.parse(preview.from)}
        to={Date.parse(preview.to)}
        label={`${plural(fired, "firing")} over the ${PRESET_LABELS[range].toLowerCase()}`}
      />
      {isMetric && <MetricPreview preview={preview} trigger={trigger} />}
      {cut && (
        <p className={styles["cut"]} role="note">
          There {isMetric ? "was too much to reckon with" : "were more than 5,000 events to read"}; only {isMetric ? "what lies" : "those"} until {formatDayAndTime(read_until)} {isMetric ? "was" : "were"}. Choose a shorter time.
        </p>
      )}
      {would_fire.length > 0 && (
        <ul className={styles["moments"]} aria-label="Would have fired" tabIndex={0}>
          {would_fire.map((one) => (
            <Moment key={`${one.at} ${one.key.join(" ")}`} one={one} />
          ))}
        </ul>
      )}
      {!isMetric && (
        <h3 className={styles["detailTitle"]}>
          {total === 0 ? "No event matches" : `${plural(total, "event")} ${total === 1 ? "matches" : "match"}${events.length < total ? `, the latest ${formatCount(events.length)}` : ""}`}
        </h3>
      )}
      {events.length > 0 && (
        <ul className={styles["moments"]} aria-label="Matching events" tabIndex={0}>
          {events.map((event) => (
            <Match key={event.id} event={event} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Moment({ one }: { readonly one: WouldFire }) {
  return (
    <li>
      <time dateTime={one.at} title={formatExact(one.at)}>
        {formatDayAndTime(one.at)}
      </time>
      {one.key.length > 0 && <span className="mono">{one.key.join(", ")}</span>}
      <span className="muted">{one.reason.text}</span>
    </li>
  );
}

/** Narrow, so that the event is among the first that the page loads. */
const AROUND_MS = 2_000;

function Match({ event }: { readonly event: PreviewEvent }) {
  const { slug: workspace } = useWorkspace();
  const at = Date.parse(event.occurred_at);
  return (
    <li>
      <time dateTime={event.occurred_at} title={formatExact(event.occurred_at)}>
        {formatDayAndTime(event.occurred_at)}
      </time>
      <Link
        to={paths.events}
        params={{ workspace }}
        search={{ from: new Date(at - AROUND_MS).toISOString(), to: new Date(at + AROUND_MS).toISOString(), event: event.id }}
        className="link"
      >
        {event.name}
      </Link>
      {event.resource !== null && (
        <span className="muted">
          {event.resource.kind} {event.resource.name}
        </span>
      )}
    </li>
  );
}
