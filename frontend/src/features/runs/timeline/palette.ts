import { STATE_KINDS, type StateKind } from "@/lib/run-state";

import type { Palette } from "./draw";

/** Reads the theme's colours once per change of theme: a canvas does not know CSS variables. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim() || "#888888";
  const kinds = Object.fromEntries(STATE_KINDS.map((kind) => [kind, read(`--state-${kind}`)])) as Record<StateKind, string>;
  return {
    kinds,
    text: read("--text"),
    muted: read("--text-muted"),
    line: read("--line"),
    background: read("--bg"),
    hover: read("--bg-hover"),
    accent: read("--accent-text"),
  };
}
