import type { AnsweredPanel, AnsweredPanels } from "@/schema/wire/dashboards";

/** What came of all panels, and of each by its id. */
export type PanelsFound = Omit<AnsweredPanels, "panels"> & { readonly found: ReadonlyMap<string, AnsweredPanel> };

export function byPanel({ panels, ...shared }: AnsweredPanels): PanelsFound {
  return { ...shared, found: new Map(panels.map((panel) => [panel.id, panel])) };
}
