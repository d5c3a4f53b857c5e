import type { ReactElement } from "react";

import { stateColor, type StateKind } from "@/lib/run-state";

import styles from "./state-icon.module.css";

const ring = <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.6" />;
const disc = <circle cx="8" cy="8" r="6.4" fill="currentColor" />;
const cut = { fill: "none", stroke: "var(--bg)", strokeWidth: 1.7, strokeLinecap: "round", strokeLinejoin: "round" } as const;

/** One drawing per kind; the shapes differ enough to be told apart in grey. */
const SHAPES: Readonly<Record<StateKind, ReactElement>> = {
  scheduled: ring,
  late: (
    <>
      {ring}
      <path d="M8 8V2.4A5.6 5.6 0 0 1 13.6 8Z" fill="currentColor" />
    </>
  ),
  held: (
    <>
      {ring}
      <path d="M6.5 5.8v4.4M9.5 5.8v4.4" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
    </>
  ),
  pending: (
    <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeDasharray="2.1 2.3" />
  ),
  running: <circle cx="8" cy="8" r="5.2" fill="currentColor" />,
  paused: <path d="M5.6 3.4v9.2M10.4 3.4v9.2" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  cancelling: (
    <>
      {ring}
      <path d="M8 2.4a5.6 5.6 0 0 0 0 11.2Z" fill="currentColor" />
    </>
  ),
  completed: (
    <>
      {disc}
      <path d="m5.1 8.3 2 2 3.8-4.2" {...cut} />
    </>
  ),
  failed: (
    <>
      {disc}
      <path d="m5.8 5.8 4.4 4.4M10.2 5.8l-4.4 4.4" {...cut} />
    </>
  ),
  crashed: <path d="M9.6 1.2 3.2 9.1h4l-.9 5.7 6.5-8.1H8.7Z" fill="currentColor" />,
  cancelled: (
    <>
      {ring}
      <path d="m4.2 11.8 7.6-7.6" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
};

interface StateIconProps {
  readonly kind: StateKind;
  readonly size?: number;
}

/** Decoration beside the word; it carries no name of its own. */
export function StateIcon({ kind, size = 14 }: StateIconProps) {
  return (
    <svg
      className={kind === "running" ? styles["pulse"] : undefined}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      style={{ color: stateColor(kind), flex: "none" }}
      aria-hidden="true"
      data-state-kind={kind}
    >
      {SHAPES[kind]}
    </svg>
  );
}
