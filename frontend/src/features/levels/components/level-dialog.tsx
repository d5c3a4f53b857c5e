import { Chip, Group, Input, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { OptionCards } from "@/components/ui/option-cards";
import { SpanInput } from "@/components/ui/span-input";
import { ZoneSelect } from "@/components/ui/zone-select";
import { addLevel, changeLevel, levelKeys } from "@/features/levels/api/levels";
import { changesOf, DAY_WORDS, DAYS, draftOf, isByClock, KINDS, newDraft, readDraft, type LevelDraft } from "@/features/levels/model";
import { newIdempotencyKey } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { zoneName } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { Level } from "@/schema/wire/levels";

interface LevelDialogProps {
  readonly deployment: { readonly id: string; readonly name: string };
  /** The one to change; a new one when there is none. */
  readonly level: Level | null;
  readonly onClose: () => void;
}

const SHOWN = ["time_of_day", "weekdays", "timezone", "seconds"];

/** Say what a deployment promises. Of which kind it is stays. */
export function LevelDialog({ deployment, level, onClose }: LevelDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => (level === null ? newDraft(zoneName()) : draftOf(level)));
  const [tried, setTried] = useState(false);
  const [key, setKey] = useState(newIdempotencyKey);
  const { said, problems } = readDraft(draft);
  const save = useMutation({
    mutationFn: () =>
      level === null ? addLevel(slug, { deployment_id: deployment.id, kind: draft.kind, ...said }, key) : changeLevel(slug, level.id, changesOf(level, said)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: levelKeys.all(slug) });
      onClose();
    },
  });
  const refused = save.error === null ? {} : asApiError(save.error).fields;
  const set = (change: Partial<LevelDraft>) => {
    setDraft({ ...draft, ...change });
    setKey(newIdempotencyKey());
    save.reset();
  };
  const problemOf = (field: string): string | undefined => refused[field]?.join(" ") ?? (tried ? problems[field] : undefined);
  const kind = KINDS.find((each) => each.value === draft.kind);
  return (
    <FormDialog
      title={level === null ? `What ${deployment.name} promises` : (kind?.label ?? "Change")}
      verb={level === null ? "Add service level" : "Save"}
      size="lg"
      gap={null}
      busy={save.isPending}
      error={save.error}
      shown={SHOWN}
      onSubmit={() => {
        setTried(true);
        if (Object.keys(problems).length === 0) save.mutate();
      }}
      onClose={onClose}
    >
      {level === null ? (
        <OptionCards label="Kind" options={KINDS} value={draft.kind} onChange={(next) => set({ kind: next })} />
      ) : (
        <p className="muted" style={{ margin: 0 }}>
          {kind?.description}
        </p>
      )}
      {isByClock(draft.kind) ? (
        <>
          <TextInput type="time" step={draft.time.length > 5 ? 1 : 60} label="By" value={draft.time} error={problemOf("time_of_day")} onChange={(event) => set({ time: event.currentTarget.value })} />
          <Input.Wrapper label="On" error={problemOf("weekdays")}>
            <Chip.Group multiple value={[...draft.days]} onChange={(days) => set({ days: DAYS.filter((day) => days.includes(day)) })}>
              <Group gap={4} my={4} role="group" aria-label="Days of the week">
                {DAYS.map((day) => (
                  <Chip key={day} value={day} size="xs" variant="outline">
                    {DAY_WORDS[day]}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </Input.Wrapper>
          <ZoneSelect value={draft.timezone} error={problemOf("timezone")} onChange={(timezone) => set({ timezone })} />
        </>
      ) : (
        <SpanInput label={draft.kind === "LASTS_AT_MOST" ? "At most" : "Within"} value={draft.span} error={problemOf("seconds")} onChange={(span) => set({ span })} />
      )}
    </FormDialog>
  );
}
