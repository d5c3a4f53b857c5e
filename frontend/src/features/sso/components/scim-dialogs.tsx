import { Button, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Modal } from "@/components/ui/dialog";
import { endScimToken } from "@/features/sso/api/scim";
import { asApiError } from "@/lib/errors";
import type { NewScimToken, ScimToken } from "@/schema/wire/scim";

interface NewTokenDialogProps {
  readonly token: NewScimToken;
  readonly baseUrl: string;
  readonly onClose: () => void;
}

/** A secret that is shown once: a click beside the dialog doesn't lose it. */
export function NewTokenDialog({ token, baseUrl, onClose }: NewTokenDialogProps) {
  return (
    <Modal opened onClose={onClose} title="Copy the token now" size="lg" closeOnClickOutside={false}>
      <Stack gap={12}>
        <p style={{ margin: 0 }}>It is shown this once and can’t be read again. Paste it into the provider beside the address, then let it test the connection.</p>
        <CodeSnippet code={baseUrl} label="base URL" />
        <CodeSnippet code={token.secret} label="token" />
        <Group justify="flex-end">
          <Button onClick={onClose}>I have copied it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface EndTokenDialogProps {
  readonly account: string;
  readonly token: ScimToken;
  /** No other token is left then. */
  readonly last: boolean;
  readonly onEnded: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function EndTokenDialog({ account, token, last, onEnded, onClose }: EndTokenDialogProps) {
  const end = useMutation({
    mutationFn: () => endScimToken(account, token.id),
    onSuccess: async () => {
      onClose();
      await onEnded();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`End token ${token.prefix}…`} size="md">
      <Stack gap={16}>
        <p style={{ margin: 0 }}>
          The provider is refused with it from now on; it can’t come back.{" "}
          {last ? "People and teams stay as they are, and nobody keeps them until there is a new token." : "The other token goes on working."}
        </p>
        {end.error !== null && (
          <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
            {asApiError(end.error).message}
          </p>
        )}
        <Group justify="flex-end" gap={8}>
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red.8" loading={end.isPending} onClick={() => end.mutate()}>
            End token
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
