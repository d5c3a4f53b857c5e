import { Button, Group, SegmentedControl, Stack, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { Modal } from "@/components/ui/dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { SecretDialog } from "@/components/ui/secret-dialog";
import { changeChannel, channelsQuery, createChannel } from "@/features/settings/api/channels";
import { membersQuery } from "@/features/settings/api/settings";
import { channelTarget, draftConfig, draftGap, EMPTY_DRAFT, KIND_NAMES, KIND_WORDS, loneMessage, type ChannelDraft } from "@/features/settings/channel-model";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";
import { CHANNEL_KINDS, type Channel } from "@/schema/wire/channels";

interface ChannelDialogProps {
  /** The one to change; null for a new one. */
  readonly channel: Channel | null;
  readonly onClose: () => void;
}

export function ChannelDialog({ channel, onClose }: ChannelDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [draft, setDraft] = useState<ChannelDraft>(channel === null ? EMPTY_DRAFT : { ...EMPTY_DRAFT, name: channel.name, kind: channel.kind });
  const [drawn, setDrawn] = useState<string | null>(null);
  // Left open after a choice, the list lies over the buttons.
  const [choosing, setChoosing] = useState(false);
  const members = useQuery({ ...membersQuery(slug), enabled: draft.kind === "EMAIL" });
  const save = useMutation({
    mutationFn: async () => {
      const name = draft.name.trim();
      const config = draftConfig(draft);
      if (channel !== null) {
        await changeChannel(slug, channel.id, { name, ...(config === null ? {} : { config }) });
        return null;
      }
      const made = await createChannel(slug, { name, kind: draft.kind, config: config ?? {} });
      return draft.secret === "" ? made.secret : null;
    },
    onSuccess: (secret) => {
      if (secret === null) onClose();
      else setDrawn(secret);
      return client.invalidateQueries({ queryKey: channelsQuery(slug).queryKey });
    },
  });
  const refusal = save.error === null ? null : asApiError(save.error);
  const said = (field: string) => refusal?.fields[field]?.join(" ");
  const change = (part: Partial<ChannelDraft>) => setDraft({ ...draft, ...part });
  const gap = draftGap(draft, channel === null);
  const lone = refusal === null ? null : loneMessage(refusal.message, refusal.fields);
  const kept = channel === null ? undefined : `Now ${channelTarget(channel)}. Leave it empty to keep it.`;

  if (drawn !== null) {
    return (
      <SecretDialog secret={drawn} onClose={onClose}>
        What comes from this channel is signed with it, in the header Headway-Signature. It is shown this once and can’t be read again; a new one can be
        set at any time.
      </SecretDialog>
    );
  }
  return (
    <Modal opened onClose={onClose} title={channel === null ? "Add a channel" : `Change ${channel.name}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null) save.mutate();
        }}
      >
        <Stack gap={12}>
          {channel === null && (
            <div>
              <SegmentedControl
                aria-label="Kind"
                fullWidth
                data={CHANNEL_KINDS.map((kind) => ({ value: kind, label: KIND_NAMES[kind] }))}
                value={draft.kind}
                onChange={(kind) => {
                  save.reset();
                  change({ kind });
                }}
              />
              <p className="muted" style={{ margin: "6px 0 0", fontSize: 12.5 }}>
                {KIND_WORDS[draft.kind]}
              </p>
            </div>
          )}
          <TextInput
            label="Name"
            description="How automations call it"
            value={draft.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            error={said("name")}
            data-autofocus
          />
          {draft.kind === "EMAIL" ? (
            <TagsInput
              label="To"
              description={kept ?? "Members with a confirmed address, at most 20"}
              placeholder={draft.to.length === 0 ? "ada@example.com" : ""}
              data={(members.data?.items ?? []).flatMap((member) => member.user?.email ?? [])}
              maxTags={20}
              value={[...draft.to]}
              dropdownOpened={choosing}
              onDropdownOpen={() => setChoosing(true)}
              onDropdownClose={() => setChoosing(false)}
              onChange={(to) => {
                change({ to });
                setChoosing(false);
              }}
              acceptValueOnBlur
              error={said("config.to")}
            />
          ) : (
            <TextInput
              label="Address"
              description={kept ?? "Often a secret by itself: it is stored encrypted and never shown in full again"}
              placeholder={draft.kind === "SLACK" ? "https://hooks.slack.com/services/…" : "https://example.com/headway"}
              value={draft.url}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change({ url: event.currentTarget.value })}
              error={said("config.url")}
            />
          )}
          {draft.kind === "WEBHOOK" && (
            <TextInput
              label="Signing secret"
              description={channel === null ? "16 characters or more. Left empty, one is drawn and shown once." : "Leave it empty to keep it."}
              value={draft.secret}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change({ secret: event.currentTarget.value })}
              error={said("config.secret")}
            />
          )}
          {lone !== null && (
            <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
              {lone}
            </p>
          )}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <GuardedButton reason={gap} loading={save.isPending}>
              {channel === null ? "Add channel" : "Save channel"}
            </GuardedButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
