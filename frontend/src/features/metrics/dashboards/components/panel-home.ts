import { createContext, use } from "react";

import type { Chosen } from "@/features/metrics/dashboards/variables";
import type { RangeSearch } from "@/lib/time";

/** Where what a panel shows leads to. */
export interface PanelHome {
  readonly workspace: string;
  readonly range: RangeSearch;
  readonly chosen: Chosen;
}

/** null: who looks has only a link to this dashboard, and nothing leads anywhere. */
export const PanelHomeContext = createContext<PanelHome | null>(null);

export function usePanelHome(): PanelHome | null {
  return use(PanelHomeContext);
}
