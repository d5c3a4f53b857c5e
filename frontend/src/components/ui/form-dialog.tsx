import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { asApiError } from "@/lib/errors";

import { Modal } from "./dialog";
import { GuardedButton } from "./guarded-button";
import { Refusal } from "./refusal";

interface FormDialogProps {
  readonly title: string;
  readonly verb: string;
  readonly children: ReactNode;
  /** Why it can't be sent yet; null when it can. */
  readonly gap: string | null;
  readonly busy: boolean;
  readonly error: unknown;
  /** The fields of the form that show their own refusals. */
  readonly shown?: readonly string[];
  readonly size?: "md" | "lg" | "xl";
  readonly onSubmit: () => void;
  readonly onClose: () => void;
}

/** A question with fields. What the server refuses stands at its field, or above the buttons. */
export function FormDialog({ title, verb, children, gap, busy, error, shown = [], size = "md", onSubmit, onClose }: FormDialogProps) {
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null && !busy) onSubmit();
        }}
      >
        <Stack gap={12}>
          {children}
          {error !== null && error !== undefined && !isShown(error, shown) && <Refusal error={error} />}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <GuardedButton reason={gap} loading={busy}>
              {verb}
            </GuardedButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function isShown(error: unknown, shown: readonly string[]): boolean {
  const named = Object.keys(asApiError(error).fields);
  return named.length > 0 && named.every((field) => shown.includes(field));
}

/** What was refused of one field, for the field to show. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error === null || error === undefined ? undefined : asApiError(error).fields[field]?.join(" ");
}
