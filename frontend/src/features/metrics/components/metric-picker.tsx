import { useState } from "react";

import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { plural } from "@/lib/units";
import type { MetricInfo } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface MetricPickerProps {
  readonly metrics: readonly MetricInfo[];
  readonly onPick: (name: string) => void;
}

/** All metrics by name, for a page that asks nothing yet. */
export function MetricPicker({ metrics, onPick }: MetricPickerProps) {
  const [needle, setNeedle] = useState("");
  const shown = metrics.filter((metric) => metric.name.toLowerCase().includes(needle.toLowerCase()));
  return (
    <>
      <div style={{ marginBottom: 12 }}>
        <SearchInput value={needle} label="Search metrics" onChange={setNeedle} />
      </div>
      <div className={styles["pick"]}>
        {shown.map((metric) => (
          <button key={metric.name} type="button" className={styles["metric"]} onClick={() => onPick(metric.name)}>
            <span className={`${styles["metricName"]} mono`}>{metric.name}</span>
            <span className="muted">
              {plural(metric.series, "series", "series")}
              {metric.unit !== null && metric.unit !== "" && ` · ${metric.unit}`} · <RelativeTime at={metric.last_at} />
            </span>
          </button>
        ))}
      </div>
      {shown.length === 0 && <p className="muted">No metric is called that.</p>}
    </>
  );
}
