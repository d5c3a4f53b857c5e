import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";

import { HeatMap } from "@/components/charts/heat-map";
import { LineChart } from "@/components/charts/line-chart";
import { RelativeTime } from "@/components/ui/relative-time";
import { beforeWords, formulaUnits, type Asked } from "@/features/metrics/asked";
import { linesOf } from "@/features/metrics/lines";
import { addsUp, openStep, unitOf } from "@/features/metrics/model";
import { formatStep } from "@/lib/time";
import { formatValue, plural } from "@/lib/units";
import type { AnsweredPanel, AnsweredPanels, ChartPanel, HeatMapPanel, NumberPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import type { PanelBodyProps } from "./panel-body";

type MetricPanel = ChartPanel | NumberPanel | HeatMapPanel;

const LEAST_PX = 120;

/** Lines, a heat map, or one number. */
export function MetricPanelBody({ panel, answer, found, onZoom }: PanelBodyProps<MetricPanel>) {
  const { ref, height } = useElementSize();
  const lines = useMemo(() => namedLines(panel, found), [panel, found]);
  const span = { from: Date.parse(answer.from), to: Date.parse(answer.to), stepMs: answer.step_seconds * 1000, ...(onZoom === undefined ? {} : { onZoom }) };
  const name = panel.title === undefined || panel.title === "" ? "Metrics" : panel.title;
  const nothing = <p className="muted">No points in this range.</p>;

  if (panel.kind === "heat_map") {
    if (found.heat_map === null || found.heat_map.cells.length === 0) return nothing;
    const unit = answer.units[panel.name] ?? null;
    return (
      <div ref={ref} style={{ height: "100%" }}>
        <HeatMap {...span} map={found.heat_map} unit={unit} height={Math.max(LEAST_PX, height)} label={`Heat map of ${panel.name}`} />
      </div>
    );
  }
  if (panel.kind === "number") {
    const result = [...(found.chart?.results ?? []), ...(found.chart?.formulas ?? [])].find(({ letter }) => letter === panel.show);
    const last = (points: readonly (readonly [number, number | null])[] | undefined) => points?.findLast(([, value]) => value !== null)?.[1] ?? null;
    const value = last(result?.series[0]?.points);
    const before = last(result?.compared[0]?.points);
    const unit = unitOfPanel(panel, answer.units, panel.show);
    return (
      <div className={styles["number"]}>
        <span className={styles["big"]}>{formatValue(value, unit)}</span>
        <span className="muted">
          {value === null ? "No points in this range" : panel.over === "range" ? "in all of the range" : `in the last ${formatStep(answer.step_seconds)}`}
          {before !== null && found.chart?.compare_seconds != null && ` · ${formatValue(before, unit)} ${beforeWords(found.chart.compare_seconds)}`}
          {(result?.series.length ?? 0) > 1 && ` · the first of ${plural(result?.series.length ?? 0, "line")}`}
        </span>
      </div>
    );
  }
  if (lines.length === 0) return nothing;
  const leftOut = [...(found.chart?.results ?? []), ...(found.chart?.formulas ?? [])].reduce((sum, each) => sum + each.left_out, 0);
  return (
    <div style={{ display: "flex", flexDirection: "column", height: "100%" }}>
      <div ref={ref} style={{ flex: 1, minHeight: 0 }}>
        <LineChart
          {...span}
          series={lines}
          unit={unitOfPanel(panel, answer.units, null)}
          openFrom={panel.queries.some(({ aggregate }) => addsUp(aggregate)) ? openStep(span.to, span.stepMs, answer.found_at) : null}
          height={Math.max(LEAST_PX, height)}
          label={`${name}, ${plural(lines.length, "line")}; gaps are times without points`}
          {...(found.marks === null ? {} : { marks: found.marks.items.map(markOf) })}
        />
      </div>
      <ul className={styles["key"]} aria-label={`Lines of ${name}`}>
        {lines.slice(0, KEYS).map((line) => (
          <li key={line.name}>
            <span data-dashed={line.dashed === true || undefined} style={{ color: `var(${line.color})` }} />
            {line.name}
          </li>
        ))}
        {lines.length > KEYS && <li className="muted">and {lines.length - KEYS} more</li>}
        {found.marks?.has_more === true && <li className="muted">the newest {found.marks.items.length} events marked</li>}
        {found.marks !== null && found.marks.searched_to !== null && (
          <li className="muted">
            events marked back to <RelativeTime at={found.marks.searched_to} />
          </li>
        )}
        {leftOut > 0 && <li className="muted">{plural(leftOut, "line")} with lower means left out</li>}
      </ul>
    </div>
  );
}

const KEYS = 6;

function markOf({ name, resource, occurred_at }: NonNullable<AnsweredPanel["marks"]>["items"][number]) {
  return { at: Date.parse(occurred_at), label: resource === null ? name : `${name} · ${resource}` };
}

function namedLines(panel: MetricPanel, { chart }: AnsweredPanel) {
  if (panel.kind !== "chart" || chart === null) return [];
  const before = chart.compare_seconds === null ? "" : beforeWords(chart.compare_seconds);
  const titles = new Map([
    ...panel.queries.map((query) => [query.letter, `${query.aggregate}(${query.name})`] as const),
    ...(panel.formulas ?? []).map((formula) => [formula.letter, formula.expression] as const),
  ]);
  const results = [...chart.results, ...chart.formulas].filter((each) => each.series.length + each.compared.length > 0);
  // Of several results each line says which it is of; colours go by those names, so none comes twice.
  const named = (letter: string, labels: Readonly<Record<string, string>>) =>
    results.length > 1 && Object.keys(labels).length > 0 ? { "": titles.get(letter) ?? letter, ...labels } : labels;
  const tagged = results.map((each) => {
    const title = titles.get(each.letter) ?? each.letter;
    const tag = (lines: typeof each.series) => lines.map((line) => ({ ...line, labels: named(each.letter, line.labels) }));
    return linesOf(title, tag(each.series), tag(each.compared), before);
  });
  const taken = new Map<string, string>();
  return tagged.flat().map((line, place) => {
    const own = line.name.replace(/^=/, "");
    const base = own.replace(/, [^,]* before$/, "");
    if (!taken.has(base)) taken.set(base, results.length > 1 ? `--series-${(taken.size % 8) + 1}` : line.color);
    return { ...line, name: own === "" ? `line ${place + 1}` : own, color: taken.get(base) ?? line.color };
  });
}

/** The unit that all shown lines have; none where they differ. */
function unitOfPanel(panel: ChartPanel | NumberPanel, units: AnsweredPanels["units"], only: string | null): string | null {
  const asked: Asked[] = [
    ...panel.queries.map((query) => ({ kind: "query" as const, letter: query.letter, query, hidden: query.hidden === true })),
    ...(panel.formulas ?? []).map((formula) => ({ kind: "formula" as const, ...formula })),
  ];
  const computed = formulaUnits(asked, (name) => units[name] ?? null);
  const shown = asked.filter((each) => (only === null ? each.kind === "formula" || !each.hidden : each.letter === only));
  const shownUnits = new Set(shown.map((each) => (each.kind === "formula" ? (computed.get(each.letter)?.unit ?? null) : unitOf(each.query.aggregate, units[each.query.name] ?? null))));
  return shownUnits.size === 1 ? ([...shownUnits][0] ?? null) : null;
}
