import type { AnsweredPanel, AnsweredPanels } from "@/schema/wire/dashboards";

/** What came of all panels, and of each by its id; and when it came. */
export type PanelsFound = Omit<AnsweredPanels, "panels"> & { readonly found_at: number; readonly found: ReadonlyMap<string, AnsweredPanel> };

export function byPanel({ panels, ...shared }: AnsweredPanels): PanelsFound {
  return { ...shared, found_at: Date.now(), found: new Map(panels.map((panel) => [panel.id, panel])) };
}
