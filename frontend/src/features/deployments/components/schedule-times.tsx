import { Input, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";

import { SpanInput } from "@/components/ui/span-input";
import { ZoneSelect } from "@/components/ui/zone-select";
import { RuleFields } from "@/features/deployments/components/rule-fields";
import type { ScheduleDraft } from "@/features/deployments/schedule-draft";
import type { Schedule } from "@/schema/wire/deployments";

export interface SchedulePartProps {
  readonly draft: ScheduleDraft;
  readonly problemOf: (field: string) => string | undefined;
  readonly onChange: (change: Partial<ScheduleDraft>, field: string) => void;
}

const KINDS: readonly { readonly value: Schedule["kind"]; readonly label: string }[] = [
  { value: "CRON", label: "Cron" },
  { value: "INTERVAL", label: "Interval" },
  { value: "RRULE", label: "Calendar rule" },
  { value: "ONCE", label: "Once" },
];

const PRESETS: readonly { readonly value: string; readonly label: string }[] = [
  { value: "0 * * * *", label: "Every hour" },
  { value: "*/15 * * * *", label: "Every 15 minutes" },
  { value: "0 6 * * *", label: "Every day at 06:00" },
  { value: "0 6 * * 1-5", label: "Weekdays at 06:00" },
  { value: "0 6 * * 1", label: "Mondays at 06:00" },
  { value: "0 6 1 * *", label: "The 1st of each month at 06:00" },
  { value: "0 18 L * *", label: "The last day of each month at 18:00" },
  { value: "0 9 * * 1#1", label: "The first Monday of each month at 09:00" },
];

/** When: by which kind of rule, and on which clock. */
export function ScheduleTimes({ draft, problemOf, onChange, fixedKind }: SchedulePartProps & { readonly fixedKind: boolean }) {
  return (
    <>
      <Input.Wrapper size="xs" label="Kind" description={fixedKind ? "It keeps its kind; for another one, add another schedule." : undefined}>
        <div>
          <SegmentedControl
            size="xs"
            mt={4}
            aria-label="Kind of schedule"
            disabled={fixedKind}
            value={draft.kind}
            onChange={(kind) => onChange({ kind }, "kind")}
            data={[...KINDS]}
          />
        </div>
      </Input.Wrapper>
      {draft.kind === "CRON" && (
        <>
          <TextInput
            label="Cron line"
            description="Minute, hour, day, month, weekday; L for the last, 1#2 for the second Monday"
            value={draft.cron}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mono)" } }}
            onChange={(event) => onChange({ cron: event.currentTarget.value }, "cron")}
            error={problemOf("cron")}
            data-autofocus
          />
          <NativeSelect
            aria-label="Usual times"
            data={[{ value: "", label: "Usual times" }, ...PRESETS]}
            value={PRESETS.some((each) => each.value === draft.cron) ? draft.cron : ""}
            onChange={(event) => {
              if (event.currentTarget.value !== "") onChange({ cron: event.currentTarget.value }, "cron");
            }}
          />
        </>
      )}
      {draft.kind === "INTERVAL" && (
        <SpanInput label="Every" value={draft.interval} onChange={(interval) => onChange({ interval }, "interval_seconds")} error={problemOf("interval_seconds")} />
      )}
      {draft.kind === "RRULE" && <RuleFields draft={draft} problemOf={problemOf} onChange={onChange} />}
      {draft.kind === "ONCE" && (
        <TextInput
          type="datetime-local"
          label="At"
          description={`On the clock of ${draft.timezone}`}
          value={draft.once}
          onChange={(event) => onChange({ once: event.currentTarget.value }, "once_at")}
          error={problemOf("once_at")}
        />
      )}
      <ZoneSelect
        value={draft.timezone}
        description={draft.kind === "INTERVAL" ? "Of the starting point; an interval counts elapsed time and takes no notice of the clock." : undefined}
        onChange={(timezone) => onChange({ timezone }, "timezone")}
        error={problemOf("timezone")}
      />
      {(draft.kind === "INTERVAL" || draft.kind === "RRULE") && (
        <TextInput
          type="datetime-local"
          label="Counted from"
          description="Left empty, from now on"
          value={draft.anchor}
          onChange={(event) => onChange({ anchor: event.currentTarget.value }, "anchor_at")}
          error={problemOf("anchor_at")}
        />
      )}
    </>
  );
}
