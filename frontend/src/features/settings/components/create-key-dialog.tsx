import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { createKey, settingsKeys } from "@/features/settings/api/settings";
import { ROLE_WORDS, roleName } from "@/features/settings/model";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";
import { KEY_ROLES } from "@/schema/wire/settings";

const LIFETIMES = [
  { value: "", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];
const DAY_MS = 86_400_000;

export function CreateKeyDialog({ onClose }: { readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("DEVELOPER");
  const [pool, setPool] = useState("");
  const [days, setDays] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const ends = days === "" ? {} : { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
      const bound = role === "AGENT" && pool.trim() !== "" ? { pool: pool.trim() } : {};
      return createKey(slug, { name: name.trim(), role, ...ends, ...bound });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: settingsKeys.keys(slug) }),
  });
  const refusal = create.error === null ? null : asApiError(create.error);
  const secret = create.data?.secret;

  if (secret !== undefined) {
    return (
      <Modal opened onClose={onClose} title="Copy the key now" size="lg" closeOnClickOutside={false}>
        <Stack gap={12}>
          <p style={{ margin: 0 }}>It is shown this once and can’t be read again. If it gets lost, make another and revoke this one.</p>
          <CodeSnippet code={secret} label="API key" />
          <p style={{ margin: 0 }} className="muted">
            Log a machine in with it:
          </p>
          <CodeSnippet code={`headway login --url ${window.location.origin} --key ${secret}`} label="login command" />
          <Group justify="flex-end">
            <Button onClick={onClose}>I have copied it</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title="Create an API key">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack gap={12}>
          <TextInput
            label="Name"
            description="What or who will use it"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={refusal?.fields["name"]?.[0]}
            data-autofocus
          />
          <Select
            label="May"
            description={ROLE_WORDS[role]}
            allowDeselect={false}
            data={KEY_ROLES.map((each) => ({ value: each, label: roleName(each) }))}
            value={role}
            onChange={(value) => setRole(value ?? "DEVELOPER")}
            error={refusal?.fields["role"]?.[0]}
          />
          {role === "AGENT" && (
            <TextInput
              label="Pool"
              description="The only pool that its agents may serve; any when left empty"
              value={pool}
              onChange={(event) => setPool(event.currentTarget.value)}
              error={refusal?.fields["pool"]?.[0]}
            />
          )}
          <Select label="Ends" allowDeselect={false} data={LIFETIMES} value={days} onChange={(value) => setDays(value ?? "")} />
          {refusal !== null && Object.keys(refusal.fields).length === 0 && (
            <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
              {refusal.message}
            </p>
          )}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
