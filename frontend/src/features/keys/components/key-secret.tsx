import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Modal } from "@/components/ui/dialog";

interface KeySecretProps {
  readonly secret: string;
  readonly children?: ReactNode;
  readonly onClose: () => void;
}

/** A key that is shown once: a click beside the dialog doesn't lose it. */
export function KeySecret({ secret, children, onClose }: KeySecretProps) {
  return (
    <Modal opened onClose={onClose} title="Copy the key now" size="lg" closeOnClickOutside={false}>
      <Stack gap={12}>
        <p style={{ margin: 0 }}>It is shown this once and can’t be read again. If it gets lost, make another and revoke this one.</p>
        {children}
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
