import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { CodeSnippet } from "./code-snippet";
import { Modal } from "./dialog";

interface SecretDialogProps {
  readonly secret: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

/** A secret that is shown once: a click beside the dialog doesn't lose it. */
export function SecretDialog({ secret, children, onClose }: SecretDialogProps) {
  return (
    <Modal opened onClose={onClose} title="Copy the signing secret now" size="lg" closeOnClickOutside={false}>
      <Stack gap={12}>
        <p style={{ margin: 0 }}>{children}</p>
        <CodeSnippet code={secret} label="signing secret" />
        <Group justify="flex-end">
          <Button onClick={onClose}>I have copied it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
