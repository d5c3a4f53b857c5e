import type { LineSeries } from "@/components/charts/line-chart";
import { colorsFor } from "@/features/metrics/model";
import type { MetricSeries } from "@/schema/wire/telemetry";

/** Lines with names and colours; those of another time have the colour of their own, dashed. */
export function linesOf(title: string, series: readonly MetricSeries[], compared: readonly MetricSeries[], before: string): LineSeries[] {
  const nameOf = (each: MetricSeries) => {
    const own = Object.entries(each.labels).map(([label, value]) => `${label}=${value === "" ? "–" : value}`);
    return own.length === 0 ? title : own.join(" ");
  };
  const names = [...new Set([...series, ...compared].map(nameOf))];
  const colors = new Map(colorsFor(names).map((color, place) => [names[place], color]));
  const line = (each: MetricSeries) => ({ name: nameOf(each), color: colors.get(nameOf(each)) ?? "--series-1", points: each.points });
  return [...series.map(line), ...compared.map(line).map((each) => ({ ...each, name: `${each.name}, ${before}`, dashed: true }))];
}
