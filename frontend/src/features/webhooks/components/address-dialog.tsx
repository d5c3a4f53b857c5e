import { Button, Group, Stack } from "@mantine/core";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Modal } from "@/components/ui/dialog";
import { PRESET_WORDS } from "@/features/webhooks/model";
import type { CreatedWebhook } from "@/schema/wire/webhooks";

interface AddressDialogProps {
  readonly made: CreatedWebhook;
  readonly onClose: () => void;
}

/** The whole address, shown once: a click beside the dialog doesn’t lose it. */
export function AddressDialog({ made, onClose }: AddressDialogProps) {
  return (
    <Modal opened onClose={onClose} title={`Copy the address of ${made.name} now`} size="lg" closeOnClickOutside={false}>
      <Stack gap={12}>
        <p style={{ margin: 0 }}>Whoever knows it may send there. It is shown this once and can’t be read again; a new one can be made at any time.</p>
        <CodeSnippet code={made.address} label="address" />
        {made.secret !== null && (
          <>
            <p style={{ margin: 0 }}>The secret, for the other end. It is shown this once, too.</p>
            <CodeSnippet code={made.secret} label="secret" />
          </>
        )}
        <p className="muted" style={{ margin: 0, fontSize: 12.5 }}>
          {PRESET_WORDS[made.preset]}
        </p>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have copied it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
