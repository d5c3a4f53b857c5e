import type { LineSeries } from "@/components/charts/line-chart";
import { formatValue } from "@/lib/units";

import styles from "./metrics.module.css";

interface LegendProps {
  readonly title: string;
  readonly lines: readonly LineSeries[];
  readonly unit: string | null;
  /** What came from here on is not all yet, and is neither the last nor the least. */
  readonly openFrom?: number | null;
}

/** The lines as a table: what a chart only shows, and who cannot see it can read. */
export function Legend({ title, lines, unit, openFrom = null }: LegendProps) {
  return (
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Values of ${title}`}>
      <table className={styles["legend"]}>
        <thead>
          <tr>
            <th>Series</th>
            <th>Last</th>
            <th>Least</th>
            <th>Most</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => {
            const values = line.points.flatMap(([at, value]) => (value === null || (openFrom !== null && at >= openFrom) ? [] : [value]));
            return (
              <tr key={line.name}>
                <td>
                  <span className={styles["swatch"]} data-dashed={line.dashed === true || undefined} style={{ color: `var(${line.color})` }} />
                  {line.name}
                </td>
                <td>{formatValue(values.at(-1), unit)}</td>
                <td>{formatValue(values.length === 0 ? null : Math.min(...values), unit)}</td>
                <td>{formatValue(values.length === 0 ? null : Math.max(...values), unit)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
