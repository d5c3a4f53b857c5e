import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { Modal } from "@/components/ui/dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { asApiError } from "@/lib/errors";

interface AskDialogProps {
  readonly title: string;
  readonly verb: string;
  readonly children: ReactNode;
  readonly danger?: boolean;
  /** What is still missing before it can be done; null when nothing is. */
  readonly gap?: string | null;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** A question of the person's own pages. */
export function AskDialog({ title, verb, children, danger = false, gap = null, busy, error, onConfirm, onClose }: AskDialogProps) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null && !busy) onConfirm();
        }}
      >
        <Stack gap={12}>
          {children}
          {error !== null && error !== undefined && (
            <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
              {asApiError(error).message}
            </p>
          )}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <GuardedButton color={danger ? "red.8" : "indigo"} reason={gap} loading={busy}>
              {verb}
            </GuardedButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
