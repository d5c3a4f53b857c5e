import { Button, PasswordInput, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { Modal } from "@/components/ui/dialog";
import { confirmByCode, confirmByPasskey, confirmByPassword } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { asApiError } from "@/lib/errors";

interface ReauthenticationDialogProps {
  /** password, totp, webauthn, recovery_codes. */
  readonly ways: readonly string[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

type Way = "password" | "code" | "passkey";

const LABELS: Readonly<Record<Way, string>> = { password: "Password", code: "Code", passkey: "Passkey" };

/** Before a dangerous change: is it still them? */
export function ReauthenticationDialog({ ways, onDone, onClose }: ReauthenticationDialogProps) {
  const open: Way[] = [];
  if (ways.includes("password")) open.push("password");
  if (ways.includes("webauthn")) open.push("passkey");
  if (ways.includes("totp") || ways.includes("recovery_codes")) open.push("code");
  const [way, setWay] = useState<Way>(open[0] ?? "password");
  const [value, setValue] = useState("");
  const confirming = useMutation({
    mutationFn: () => (way === "passkey" ? confirmByPasskey() : way === "code" ? confirmByCode(value.replace(/\s/g, "")) : confirmByPassword(value)),
    onSuccess: (confirmed) => {
      if (confirmed) onDone();
    },
  });
  const refusal = confirming.error === null ? null : asApiError(confirming.error).message;

  return (
    <Modal opened onClose={onClose} title="Confirm that it is you">
      {open.length === 0 ? (
        <p style={{ margin: 0 }}>Your login has neither a password nor a second factor: log out, log in again, and repeat this within ten minutes.</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (way === "passkey" || value !== "") confirming.mutate();
          }}
        >
          <Stack gap={12}>
            {open.length > 1 && (
              <SegmentedControl
                size="xs"
                aria-label="How"
                value={way}
                onChange={(next) => {
                  setWay(next);
                  setValue("");
                  confirming.reset();
                }}
                data={open.map((each) => ({ value: each, label: LABELS[each] }))}
              />
            )}
            {way === "password" && (
              <PasswordInput label="Password" autoComplete="current-password" data-autofocus value={value} onChange={(event) => setValue(event.currentTarget.value)} error={refusal} />
            )}
            {way === "code" && (
              <TextInput
                label="Code"
                description="Of your authenticator app, or one of your recovery codes."
                inputMode="numeric"
                autoComplete="one-time-code"
                data-autofocus
                value={value}
                onChange={(event) => setValue(event.currentTarget.value)}
                error={refusal}
              />
            )}
            {way === "passkey" && refusal !== null && <FormError>{refusal}</FormError>}
            <Button type="submit" loading={confirming.isPending}>
              {way === "passkey" ? "Use a passkey" : "Confirm"}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
