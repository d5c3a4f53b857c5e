import { Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";

import { MarkdownText } from "@/components/ui/markdown-text";
import { Refusal } from "@/components/ui/refusal";
import type { Chosen } from "@/features/metrics/dashboards/model";
import type { RangeSearch } from "@/lib/time";
import type { DashboardPanel } from "@/schema/wire/dashboards";
import type { PanelAnswer, PanelsAnswer } from "@/schema/wire/telemetry";

import { EventsPanelBody } from "./events-panel-body";
import { LogsPanelBody } from "./logs-panel-body";
import { MetricPanelBody } from "./metric-panel-body";
import { RunsPanelBody } from "./runs-panel-body";

export type PanelsFound = Pick<PanelsAnswer, "step_seconds" | "rollup"> & {
  readonly from: string;
  readonly to: string;
  readonly found: ReadonlyMap<string | undefined, PanelAnswer>;
};

interface PanelBodyProps {
  readonly panel: DashboardPanel;
  readonly range: RangeSearch;
  readonly chosen: Chosen;
  readonly answer: UseQueryResult<PanelsFound>;
  readonly onZoom: (from: number, to: number) => void;
}

/** What is in a panel, by its kind. One that failed says so by itself. */
export function PanelBody({ panel, range, chosen, answer, onZoom }: PanelBodyProps) {
  switch (panel.kind) {
    case "text":
      return <MarkdownText source={panel.markdown} />;
    case "runs":
      return <RunsPanelBody panel={panel} range={range} chosen={chosen} onZoom={onZoom} />;
    case "events":
      return <EventsPanelBody panel={panel} range={range} onZoom={onZoom} />;
    case "logs":
      return <LogsPanelBody panel={panel} range={range} />;
    default: {
      const found = answer.data?.found.get(panel.id);
      if (answer.isError && found === undefined) return <Refusal error={answer.error} />;
      if (answer.data === undefined || found === undefined) return <Skeleton height="100%" role="status" aria-label="Loading the panel" />;
      if (found.error !== null) return <p role="alert">{found.error.message}</p>;
      return <MetricPanelBody panel={panel} range={range} answer={answer.data} found={found} onZoom={onZoom} />;
    }
  }
}
