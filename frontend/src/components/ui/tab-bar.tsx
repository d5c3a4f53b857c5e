import { useLayoutEffect, useRef } from "react";

import { formatCount } from "@/lib/units";

import styles from "./tab-bar.module.css";

export interface TabItem<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly count?: number | undefined;
}

interface TabBarProps<T extends string> {
  readonly label: string;
  readonly tabs: readonly TabItem<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function TabBar<T extends string>({ label, tabs, value, onChange }: TabBarProps<T>) {
  const step = (offset: number) => {
    const index = tabs.findIndex((tab) => tab.value === value);
    const next = tabs[(index + offset + tabs.length) % tabs.length];
    if (next !== undefined) onChange(next.value);
  };
  const bar = useRef<HTMLDivElement>(null);
  // A count that comes later moves the tabs behind it.
  const widths = tabs.map(({ count }) => (count === undefined ? 0 : formatCount(count).length)).join(" ");
  // On a phone the bar is wider than the window: the chosen tab stands in its middle.
  useLayoutEffect(() => {
    const element = bar.current;
    const tab = element?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (element === null || tab === null || tab === undefined) return;
    element.scrollLeft = tab.offsetLeft - (element.clientWidth - tab.offsetWidth) / 2;
  }, [value, widths]);
  return (
    <div
      ref={bar}
      className={styles["bar"]}
      role="tablist"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === "ArrowRight") step(1);
        if (event.key === "ArrowLeft") step(-1);
      }}
    >
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          role="tab"
          id={`tab-${tab.value}`}
          aria-selected={tab.value === value}
          aria-controls="tab-panel"
          tabIndex={tab.value === value ? 0 : -1}
          ref={(element) => {
            if (tab.value === value && element?.parentElement?.contains(document.activeElement) === true) element.focus();
          }}
          className={styles["tab"]}
          onClick={() => onChange(tab.value)}
        >
          {tab.label}
          {tab.count !== undefined && <span className={styles["count"]}>{formatCount(tab.count)}</span>}
        </button>
      ))}
    </div>
  );
}
