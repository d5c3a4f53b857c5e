import { Button, Group, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { JsonView } from "@/components/ui/json-view";
import { previewTemplate } from "@/features/webhooks/api/webhooks";
import { SAMPLE_BODY, sampleOf } from "@/features/webhooks/model";
import { asApiError } from "@/lib/errors";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { WebhookPreview } from "@/schema/wire/webhooks";

import styles from "./webhooks.module.css";

interface TemplateFieldProps {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (template: string) => void;
}

/** A template beside a sample, and the events that it would make of it. */
export function TemplateField({ value, error, onChange }: TemplateFieldProps) {
  const { slug } = useWorkspace();
  const [sample, setSample] = useState(SAMPLE_BODY);
  const preview = useMutation({ mutationFn: () => previewTemplate(slug, { template: value, body: sampleOf(sample) }) });
  const said = preview.error === null ? null : asApiError(preview.error);
  return (
    <>
      <Textarea
        label="Template"
        description="Jinja over body, headers, webhook.name and received_at; it writes the JSON of one event, or of a list."
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)", fontSize: 12.5 } }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error ?? said?.fields["template"]?.join(" ")}
      />
      <Textarea
        label="Sample"
        description="What might be delivered: JSON, or any text"
        autosize
        minRows={4}
        maxRows={10}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)", fontSize: 12.5 } }}
        value={sample}
        onChange={(event) => setSample(event.currentTarget.value)}
      />
      <Group gap={12}>
        <Button variant="default" loading={preview.isPending} onClick={() => preview.mutate()}>
          Try it
        </Button>
        <span role="status">{preview.data !== undefined && verdict(preview.data)}</span>
      </Group>
      {said !== null && said.fields["template"] === undefined && (
        <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
          {said.message}
        </p>
      )}
      {preview.data?.rejected.map((each) => (
        <p key={each.index} style={{ margin: 0, color: "var(--danger-text)" }}>
          Event {each.index + 1}: {each.message} {each.field}
        </p>
      ))}
      {preview.data !== undefined && preview.data.events.length > 0 && (
        <div className={styles["preview"]}>
          <JsonView value={preview.data.events} label="events" tools={false} />
        </div>
      )}
    </>
  );
}

function verdict({ events, rejected }: WebhookPreview): string {
  const made = `${plural(events.length, "event")} would be stored`;
  return rejected.length === 0 ? `${made}.` : `${made}, ${rejected.length} refused.`;
}
