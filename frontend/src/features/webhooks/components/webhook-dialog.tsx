import { Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { changeWebhook, createWebhook, webhooksQuery } from "@/features/webhooks/api/webhooks";
import { TemplateField } from "@/features/webhooks/components/template-field";
import { draftGap, draftOf, draftSettings, hasSecret, PRESET_NAMES, PRESET_WORDS, secretWords } from "@/features/webhooks/model";
import { useWorkspace } from "@/lib/workspace";
import { WEBHOOK_PRESETS, type CreatedWebhook, type Webhook } from "@/schema/wire/webhooks";

interface WebhookDialogProps {
  /** The one to change; null for a new one. */
  readonly webhook: Webhook | null;
  readonly onClose: () => void;
  readonly onMade: (made: CreatedWebhook) => void;
}

export function WebhookDialog({ webhook, onClose, onMade }: WebhookDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const isNew = webhook === null;
  const [draft, setDraft] = useState(() => draftOf(webhook));
  const save = useMutation({
    mutationFn: async () => {
      const settings = draftSettings(draft);
      if (!isNew) {
        await changeWebhook(slug, webhook.id, settings);
        return null;
      }
      return createWebhook(slug, { ...settings, preset: draft.preset });
    },
    onSuccess: (made) => {
      if (made === null) onClose();
      else onMade(made);
      return client.invalidateQueries({ queryKey: webhooksQuery(slug).queryKey });
    },
  });
  const change = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  return (
    <FormDialog
      title={isNew ? "Add a webhook" : `Change ${webhook.name}`}
      verb={isNew ? "Add webhook" : "Save webhook"}
      size={draft.preset === "CUSTOM" ? "xl" : "md"}
      gap={draftGap(draft, isNew)}
      busy={save.isPending}
      error={save.error}
      shown={["name", "secret", "topic_arn", "template"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      {isNew && (
        <Select
          label="Who sends"
          description={PRESET_WORDS[draft.preset]}
          allowDeselect={false}
          data={WEBHOOK_PRESETS.map((value) => ({ value, label: PRESET_NAMES[value] }))}
          value={draft.preset}
          onChange={(value) => {
            save.reset();
            change({ preset: WEBHOOK_PRESETS.find((each) => each === value) ?? "GITHUB" });
          }}
        />
      )}
      <TextInput
        label="Name"
        value={draft.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={fieldError(save.error, "name")}
        data-autofocus
      />
      {hasSecret(draft.preset) && (
        <TextInput
          label="Secret"
          description={secretWords(draft.preset, isNew)}
          value={draft.secret}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => change({ secret: event.currentTarget.value })}
          error={fieldError(save.error, "secret")}
        />
      )}
      {draft.preset === "SNS" && (
        <TextInput
          label="Topic"
          description="The ARN of the one topic that may send"
          placeholder="arn:aws:sns:eu-central-1:123456789012:lake"
          value={draft.topicArn}
          spellCheck={false}
          onChange={(event) => change({ topicArn: event.currentTarget.value })}
          error={fieldError(save.error, "topic_arn")}
        />
      )}
      {draft.preset === "CUSTOM" && (
        <TemplateField value={draft.template} error={fieldError(save.error, "template")} onChange={(template) => change({ template })} />
      )}
    </FormDialog>
  );
}
