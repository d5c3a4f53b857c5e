import { Button, SegmentedControl, TagsInput } from "@mantine/core";

import { Icon } from "@/components/ui/icon";
import { ClauseFields } from "@/features/automations/components/clause-fields";
import { CountField } from "@/features/automations/components/count-field";
import { LengthField } from "@/features/automations/components/length-field";
import { MetricFields } from "@/features/automations/components/metric-fields";
import { faultsAt, type Clauses, type Draft } from "@/features/automations/draft";
import type { Faults } from "@/features/automations/length";

import styles from "./automations.module.css";

interface TriggerFieldsProps {
  readonly draft: Draft;
  readonly names: readonly string[];
  readonly fields: readonly string[];
  readonly faults: Faults;
  readonly onChange: (part: Partial<Draft>) => void;
}

const KINDS = [
  { value: "event", label: "It happens" },
  { value: "after", label: "It doesn’t follow" },
  { value: "silence", label: "It stops" },
  { value: "metric", label: "A metric" },
] as const satisfies readonly { value: Draft["kind"]; label: string }[];

const MOST_KEYS = 4;

/** The first half of the sentence. */
export function TriggerFields({ draft, names, fields, faults, onChange }: TriggerFieldsProps) {
  const clauses = (label: string, value: Clauses, place: string, write: (clauses: Clauses) => void) => (
    <ClauseFields label={label} clauses={value} names={names} fields={fields} error={faultsAt(faults, place)} onChange={write} />
  );
  const threshold = (label: string, one: string, several: string) => (
    <CountField label={label} one={one} several={several} value={draft.threshold} error={faultsAt(faults, "trigger.threshold")} onChange={(count) => onChange({ threshold: count })} />
  );
  const within = (label: string) => (
    <LengthField label={label} value={draft.within} least={1} error={faultsAt(faults, "trigger.within_seconds")} onChange={(length) => onChange({ within: length })} />
  );
  const forEach = (
    <span className={styles["part"]}>
      <span>for each</span>
      <TagsInput
        aria-label="For each"
        className={styles["grow"] ?? ""}
        placeholder={draft.forEach.length === 0 ? "all together; or a field, as resource.name" : ""}
        data={[...fields]}
        limit={50}
        maxTags={MOST_KEYS}
        value={[...draft.forEach]}
        acceptValueOnBlur
        onChange={(keys) => onChange({ forEach: keys })}
        error={faultsAt(faults, "trigger.for_each")}
      />
    </span>
  );
  return (
    <div className={styles["sentenceForm"]}>
      <SegmentedControl
        aria-label="What it watches for"
        size="xs"
        className={styles["kinds"] ?? ""}
        data={[...KINDS]}
        value={draft.kind}
        onChange={(kind) => onChange({ kind })}
      />
      {draft.kind === "event" && (
        <>
          <div className={styles["line"]}>When</div>
          {clauses("What happens", draft.events, "trigger.match", (events) => onChange({ events }))}
          <div className={styles["line"]}>
            <span>happens</span>
            {threshold("How often", "each time", "at least")}
            {draft.threshold !== 1 && (
              <>
                <span>times within</span>
                {within("Within")}
              </>
            )}
            {(draft.threshold !== 1 || draft.forEach.length > 0) && forEach}
            <span>then …</span>
          </div>
        </>
      )}
      {draft.kind === "after" && (
        <>
          <div className={styles["line"]}>When after</div>
          {clauses("What begins the wait", draft.after, "trigger.after", (after) => onChange({ after }))}
        </>
      )}
      {draft.kind === "metric" && <MetricFields draft={draft.metric} faults={faults} onChange={(part) => onChange({ metric: { ...draft.metric, ...part } })} />}
      {(draft.kind === "after" || draft.kind === "silence") && (
        <>
          <div className={styles["line"]}>
            {draft.kind === "silence" && <span>When</span>}
            {threshold("How few", "no", "fewer than")}
          </div>
          {clauses("What is expected", draft.events, "trigger.expect", (events) => onChange({ events }))}
          <div className={styles["line"]}>
            <span>{draft.kind === "after" ? "arrives within" : "arrives in a window of"}</span>
            {within(draft.kind === "after" ? "Within" : "Window")}
            {forEach}
            <span>then …</span>
          </div>
          <div className={`${styles["line"]} muted`}>
            <span>Events may arrive</span>
            <LengthField label="Allowed lateness" value={draft.late} least={0} error={faultsAt(faults, "trigger.allow_late_seconds")} onChange={(late) => onChange({ late })} />
            <span>late before it is decided.</span>
          </div>
          {draft.common.length > 0 ? (
            <>
              <div className={styles["line"]}>All of them:</div>
              {clauses("What all have in common", draft.common, "trigger.match", (common) => onChange({ common }))}
            </>
          ) : (
            draft.kind === "after" && (
              <div className={styles["line"]}>
                <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange({ common: [{ field: "", patterns: [] }] })}>
                  A condition on both
                </Button>
              </div>
            )
          )}
        </>
      )}
    </div>
  );
}
