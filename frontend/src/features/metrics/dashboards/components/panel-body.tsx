import { Skeleton } from "@mantine/core";

import { MarkdownText } from "@/components/ui/markdown-text";
import { Refusal } from "@/components/ui/refusal";
import type { PanelsFound } from "@/features/metrics/dashboards/answers";
import type { AnsweredPanel, DashboardPanel } from "@/schema/wire/dashboards";

import { EventsPanelBody } from "./events-panel-body";
import { LogsPanelBody } from "./logs-panel-body";
import { MetricPanelBody } from "./metric-panel-body";
import { usePanelHome } from "./panel-home";
import { RunsPanelBody } from "./runs-panel-body";

export interface PanelsAsked {
  readonly data: PanelsFound | undefined;
  readonly error: Error | null;
}

export interface PanelBodyProps<P extends DashboardPanel = DashboardPanel> {
  readonly panel: P;
  readonly answer: PanelsFound;
  readonly found: AnsweredPanel;
  readonly onZoom: ((from: number, to: number) => void) | undefined;
}

interface PanelContentProps extends Pick<PanelBodyProps, "panel" | "onZoom"> {
  readonly asked: PanelsAsked;
}

/** What is in a panel, by its kind. One that failed says so by itself. */
export function PanelBody({ panel, asked, onZoom }: PanelContentProps) {
  const home = usePanelHome();
  if (panel.kind === "text") return <MarkdownText source={panel.markdown} inside={home !== null} below={(panel.title ?? "") === "" ? 1 : 2} />;
  const found = asked.data?.found.get(panel.id);
  if (asked.data === undefined || found === undefined) {
    return asked.error === null ? <Skeleton height="100%" role="status" aria-label="Loading the panel" /> : <Refusal error={asked.error} />;
  }
  if (found.error !== null) {
    const said = Object.values(found.error.fields ?? {}).flat();
    return <p role="alert">{[found.error.message, ...said.filter((each) => each !== found.error?.message)].join(" ")}</p>;
  }
  const known = { answer: asked.data, found, onZoom };
  switch (panel.kind) {
    case "runs":
      return <RunsPanelBody panel={panel} {...known} />;
    case "events":
      return <EventsPanelBody panel={panel} {...known} />;
    case "logs":
      return <LogsPanelBody panel={panel} {...known} />;
    default:
      return <MetricPanelBody panel={panel} {...known} />;
  }
}
