import type { LogLevel } from "./runs";
import type { Schema } from "./schema";
import type { Aggregate, ChartAnswer, HeatMapAnswer } from "./telemetry";

export type DashboardRow = Schema<"DashboardRowOutput">;
export type DashboardRange = Schema<"DashboardOutput">["range"];

/** The schema says that panels differ by kind, but not how: that is `documents` of the server, and here. */
export interface PanelPlace {
  readonly id: string;
  readonly title?: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface PanelQuery {
  readonly letter: string;
  readonly name: string;
  readonly aggregate: Aggregate;
  readonly group_by?: readonly string[];
  readonly where?: Readonly<Record<string, readonly string[]>>;
  readonly hidden?: boolean;
  readonly offset_seconds?: number;
}

interface Asks {
  readonly queries: readonly PanelQuery[];
  readonly formulas?: readonly { readonly letter: string; readonly expression: string }[];
  readonly compare_seconds?: number;
}

/** Events that are marked are named, searched for, and of a deployment’s runs, as those of a panel of events are. */
export type ChartPanel = PanelPlace & Asks & { readonly kind: "chart"; readonly events?: string; readonly events_q?: string; readonly events_deployment?: string };
export type NumberPanel = PanelPlace & Asks & { readonly kind: "number"; readonly show: string; readonly over?: "step" | "range" };
export type HeatMapPanel = PanelPlace & { readonly kind: "heat_map"; readonly name: string; readonly where?: PanelQuery["where"] };
export type RunsPanel = PanelPlace & {
  readonly kind: "runs";
  readonly view: "list" | "histogram";
  readonly states?: readonly string[];
  readonly deployment?: string;
};
export type EventsPanel = PanelPlace & {
  readonly kind: "events";
  readonly view: "list" | "histogram";
  readonly name?: string;
  readonly q?: string;
  readonly deployment?: string;
};
export type LogsPanel = PanelPlace & { readonly kind: "logs"; readonly q?: string; readonly level?: LogLevel; readonly deployment?: string };
export type TextPanel = PanelPlace & { readonly kind: "text"; readonly markdown: string };
export type DashboardPanel = ChartPanel | NumberPanel | HeatMapPanel | RunsPanel | EventsPanel | LogsPanel | TextPanel;
export type PanelKind = DashboardPanel["kind"];

export type DashboardVariable = Schema<"DashboardOutput">["variables"][number];
export type Dashboard = Omit<Schema<"DashboardOutput">, "panels"> & { readonly panels: readonly DashboardPanel[] };

/** What is saved, and what goes out and comes in as JSON. */
export interface DashboardDocument {
  readonly name: string;
  readonly range: DashboardRange;
  readonly variables: readonly DashboardVariable[];
  readonly panels: readonly DashboardPanel[];
}

/** A panel as it is asked for: where it stands does not matter. */
export type AskedPanel = { [K in PanelKind]: Omit<Extract<DashboardPanel, { kind: K }>, "x" | "y" | "w" | "h" | "title"> }[PanelKind];
export type AnsweredPanel = Omit<Schema<"AnsweredPanelOutput">, "chart" | "heat_map"> & {
  readonly chart: ChartAnswer | null;
  readonly heat_map: HeatMapAnswer | null;
};
export type AnsweredPanels = Omit<Schema<"AnsweredPanelsOutput">, "panels"> & { readonly panels: readonly AnsweredPanel[] };

export type DashboardSharing = Schema<"SharingOutput">;
export type DashboardLink = Schema<"LinkOutput">;
export type NewDashboardLink = Schema<"NewLinkOutput">;
export type SharedDashboard = Omit<Schema<"SharedDashboardOutput">, "panels" | "answers"> & {
  readonly panels: readonly DashboardPanel[];
  readonly answers: readonly AnsweredPanel[];
};
