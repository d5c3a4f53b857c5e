import { Button, Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { addSchedule } from "@/features/deployments/api/mutations";
import { newIdempotencyKey } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { zoneName } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { ScheduleInput } from "@/schema/wire/deployments";

interface ScheduleFormProps {
  readonly deploymentId: string;
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

export function ScheduleForm({ deploymentId, onClose, onAdded }: ScheduleFormProps) {
  const { slug } = useWorkspace();
  const [kind, setKind] = useState<"CRON" | "INTERVAL">("CRON");
  const [cron, setCron] = useState("0 6 * * *");
  const [minutes, setMinutes] = useState("15");
  const [timezone, setTimezone] = useState(zoneName());
  const add = useMutation({
    mutationFn: (body: ScheduleInput) => addSchedule(slug, deploymentId, body, newIdempotencyKey()),
    onSuccess: onAdded,
  });
  const refusal = add.error === null ? null : asApiError(add.error);
  const named = (field: string) => refusal?.fields[field]?.[0];
  const seconds = Math.round(Number(minutes) * 60);
  const valid = kind === "CRON" ? cron.trim().split(/\s+/).length === 5 : seconds >= 1;
  const general = refusal !== null && Object.keys(refusal.fields).length === 0 ? refusal.message : null;
  return (
    <form
      style={{ padding: 12, borderTop: "1px solid var(--line)" }}
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) add.mutate(kind === "CRON" ? { kind, cron: cron.trim(), timezone } : { kind, interval_seconds: seconds, timezone });
      }}
    >
      <Stack gap={8}>
        <SegmentedControl
          size="xs"
          aria-label="Kind of schedule"
          value={kind}
          onChange={setKind}
          data={[
            { value: "CRON", label: "Cron" },
            { value: "INTERVAL", label: "Interval" },
          ]}
        />
        {kind === "CRON" ? (
          <TextInput
            label="Cron"
            description="Minute, hour, day, month, weekday"
            value={cron}
            onChange={(event) => setCron(event.currentTarget.value)}
            error={named("cron") ?? (valid ? undefined : "Five fields, separated by spaces")}
          />
        ) : (
          <TextInput
            label="Every so many minutes"
            inputMode="decimal"
            value={minutes}
            onChange={(event) => setMinutes(event.currentTarget.value)}
            error={named("interval_seconds") ?? (valid ? undefined : "Enter a number above zero")}
          />
        )}
        <TextInput label="Time zone" value={timezone} onChange={(event) => setTimezone(event.currentTarget.value)} error={named("timezone")} />
        {general !== null && (
          <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
            {general}
          </p>
        )}
        <Group gap={8} justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add schedule
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
