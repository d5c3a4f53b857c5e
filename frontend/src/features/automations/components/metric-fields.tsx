import { Checkbox, MultiSelect, NumberInput, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { metricChoices } from "@/features/automations/api/choices";
import { LengthField } from "@/features/automations/components/length-field";
import { faultsAt } from "@/features/automations/draft";
import type { Faults } from "@/features/automations/length";
import { SIDES, WINDOWS, type MetricDraft } from "@/features/automations/metric-draft";
import { oneOf } from "@/lib/search-params";
import { useWorkspace } from "@/lib/workspace";
import { AGGREGATES } from "@/schema/wire/telemetry";

import styles from "./automations.module.css";

interface MetricFieldsProps {
  readonly draft: MetricDraft;
  readonly faults: Faults;
  readonly onChange: (part: Partial<MetricDraft>) => void;
}

const MOST_LABELS = 4;
const NO_TIME = { count: 0, unit: "s" } as const;
/** What `headway.cost` over a month is told apart by, beside what its points are. */
const COST_METRIC = "headway.cost";
const COST_LABELS = ["currency", "deployment", "deployment_id", "kind", "model", "team", "team_id"];
const SIDE_NAMES = SIDES.map((side) => side.value);

/** "When the sum of rows_failed over 1 hour is above 5 …" */
export function MetricFields({ draft, faults, onChange }: MetricFieldsProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery(metricChoices(slug));
  const known = metrics.data?.items ?? [];
  const labels = Object.entries(known.find((metric) => metric.name === draft.metric)?.labels ?? {});
  const isCost = draft.month && draft.metric === COST_METRIC;
  const names = isCost ? COST_LABELS : labels.map(([label]) => label);
  const pairs = labels.flatMap(([label, values]) => values.map((value) => `${label}=${value}`));
  const isAbsent = draft.side === "absent" && !draft.month;
  return (
    <>
      <div className={styles["line"]}>
        <span>When the</span>
        <Select
          aria-label="Aggregate"
          w={96}
          allowDeselect={false}
          data={[...AGGREGATES]}
          value={draft.aggregate}
          onChange={(value) => onChange({ aggregate: oneOf(value, AGGREGATES) ?? draft.aggregate })}
        />
        <span>of</span>
        <Select
          aria-label="Metric"
          className={styles["grow"] ?? ""}
          searchable
          placeholder="a metric"
          nothingFoundMessage="No such metric"
          data={[...new Set([...known.map((metric) => metric.name), ...(draft.metric === "" ? [] : [draft.metric])])]}
          value={draft.metric === "" ? null : draft.metric}
          onChange={(metric) => onChange({ metric: metric ?? "", where: [], forEach: [] })}
          error={faultsAt(faults, "trigger.metric")}
        />
      </div>
      <div className={styles["line"]}>
        <span>where</span>
        <MultiSelect
          aria-label="Where"
          className={styles["grow"] ?? ""}
          searchable
          placeholder={draft.where.length === 0 ? "any label" : ""}
          data={[...new Set([...pairs, ...draft.where])]}
          value={[...draft.where]}
          onChange={(where) => onChange({ where })}
          error={faultsAt(faults, "trigger.where")}
        />
        <span>for each</span>
        <MultiSelect
          aria-label="For each label"
          className={styles["grow"] ?? ""}
          placeholder={draft.forEach.length === 0 ? "all together" : ""}
          maxValues={MOST_LABELS}
          data={[...new Set([...names, ...draft.forEach])]}
          value={[...draft.forEach]}
          onChange={(forEach) => onChange({ forEach })}
          error={faultsAt(faults, "trigger.for_each")}
        />
      </div>
      <div className={styles["line"]}>
        <span>over</span>
        <Select
          aria-label="Over which time"
          w={160}
          allowDeselect={false}
          data={[...WINDOWS]}
          value={draft.month ? "month" : "last"}
          onChange={(value) => onChange(value === "month" ? { month: true, aggregate: draft.metric === COST_METRIC ? "sum" : draft.aggregate, late: NO_TIME } : { month: false })}
        />
        {!draft.month && <LengthField label="Window" value={draft.within} least={1} error={faultsAt(faults, "trigger.within_seconds")} onChange={(within) => onChange({ within })} />}
        {draft.month ? (
          <span>reaches</span>
        ) : (
          <>
            <span>is</span>
            <Select
              aria-label="Side"
              w={104}
              allowDeselect={false}
              data={[...SIDES]}
              value={draft.side}
              onChange={(value) => onChange({ side: oneOf(value, SIDE_NAMES) ?? draft.side })}
            />
          </>
        )}
        {!isAbsent && <LevelField label="Threshold" value={draft.threshold} error={faultsAt(faults, "trigger.threshold")} onChange={(threshold) => onChange({ threshold })} />}
        {!draft.month && (
          <>
            <span>for</span>
            <LengthField label="Held for" value={draft.held} least={0} error={faultsAt(faults, "trigger.for_seconds")} onChange={(held) => onChange({ held })} />
          </>
        )}
        <span>then …</span>
      </div>
      <div className={`${styles["line"]} muted`}>
        {!isAbsent && !draft.month && (
          <>
            <span>It is over at</span>
            <LevelField label="Over at" placeholder="the threshold" value={draft.resolveAt} error={faultsAt(faults, "trigger.resolve_at")} onChange={(resolveAt) => onChange({ resolveAt })} />
          </>
        )}
        <span>Points may arrive</span>
        <LengthField label="Allowed lateness" value={draft.late} least={0} error={faultsAt(faults, "trigger.allow_late_seconds")} onChange={(late) => onChange({ late })} />
        <span>late.</span>
        {draft.month ? (
          <span>It fires once a month (UTC), and again in the next.</span>
        ) : (
          <Checkbox label="Fire once more when it is over" checked={draft.tellResolved} onChange={(event) => onChange({ tellResolved: event.currentTarget.checked })} />
        )}
      </div>
    </>
  );
}

interface LevelFieldProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: number | null;
  readonly error: string | undefined;
  readonly onChange: (value: number | null) => void;
}

function LevelField({ label, placeholder, value, error, onChange }: LevelFieldProps) {
  return (
    <NumberInput
      aria-label={label}
      w={130}
      placeholder={placeholder ?? ""}
      value={value ?? ""}
      error={error}
      onChange={(typed) => {
        const level = Number(typed);
        onChange(typed === "" || !Number.isFinite(level) ? null : level);
      }}
    />
  );
}
