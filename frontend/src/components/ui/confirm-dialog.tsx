import { Button, Group, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { Modal } from "./dialog";
import { GuardedButton } from "./guarded-button";
import { Refusal } from "./refusal";

interface ConfirmDialogProps {
  readonly opened: boolean;
  readonly title: string;
  readonly children: ReactNode;
  readonly verb: string;
  /** On the button that does nothing. */
  readonly back?: string;
  readonly danger?: boolean;
  /** When set, the name has to be typed: for what can't be undone. */
  readonly typeName?: string;
  /** What is still missing before it can be done; null when nothing is. */
  readonly blocked?: string | null;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { opened, title, children, verb, back = "Keep it", danger = false, typeName, blocked = null, busy, error, onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const gap = blocked ?? (typeName === undefined || typed === typeName ? null : `Type ${typeName} first.`);
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null && !busy) onConfirm();
        }}
      >
        <div style={{ marginBottom: 16 }}>{children}</div>
        {typeName !== undefined && (
          <TextInput
            label={`Type ${typeName} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
            mb="lg"
          />
        )}
        {error !== null && error !== undefined && (
          <div style={{ marginBottom: 16 }}>
            <Refusal error={error} />
          </div>
        )}
        <Group justify="flex-end" gap={8}>
          <Button variant="default" onClick={onClose}>
            {back}
          </Button>
          <GuardedButton color={danger ? "red.8" : "indigo"} reason={gap} loading={busy} {...(typeName === undefined ? { "data-autofocus": true } : {})}>
            {verb}
          </GuardedButton>
        </Group>
      </form>
    </Modal>
  );
}
