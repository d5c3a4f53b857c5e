import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { sendSecondCode, showSecondPasskey, type Standing } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { asApiError } from "@/lib/errors";

interface SecondFactorProps {
  readonly types: readonly string[];
  readonly onDone: (standing: Standing) => void;
  readonly onCancel: () => void;
}

/** After the password: a code of the app, a passkey, or one of the recovery codes. */
export function SecondFactor({ types, onDone, onCancel }: SecondFactorProps) {
  const [code, setCode] = useState("");
  const [lost, setLost] = useState(!types.includes("totp") && !types.includes("webauthn"));
  const sending = useMutation({ mutationFn: sendSecondCode, onSuccess: onDone });
  const passkey = useMutation({
    mutationFn: showSecondPasskey,
    onSuccess: (standing) => {
      if (standing !== null) onDone(standing);
    },
  });
  const withApp = types.includes("totp");
  const refusal = sending.error ?? passkey.error;
  const asksCode = withApp || lost;

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== "") sending.mutate(code.replace(/\s/g, ""));
      }}
    >
      <Stack gap={12}>
        {types.includes("webauthn") && (
          <Button variant={asksCode ? "default" : "filled"} h={36} loading={passkey.isPending} onClick={() => passkey.mutate()}>
            Use a passkey
          </Button>
        )}
        {asksCode && (
          <TextInput
            key={lost ? "recovery" : "app"}
            label={lost ? "Recovery code" : "Code of your authenticator app"}
            description={lost ? "Each works once." : "Six digits; a new code comes every 30 seconds."}
            inputMode="numeric"
            autoComplete="one-time-code"
            autoFocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        )}
        {refusal !== null && <FormError>{asApiError(refusal).message}</FormError>}
        {asksCode && (
          <Button type="submit" h={36} loading={sending.isPending}>
            Continue
          </Button>
        )}
      </Stack>
      <p style={{ margin: "12px 0 0", fontSize: 13, display: "flex", justifyContent: "space-between" }}>
        {types.includes("recovery_codes") && (
          <button
            type="button"
            className="link"
            onClick={() => {
              setLost(!lost);
              setCode("");
              sending.reset();
            }}
          >
            {lost ? (withApp ? "Use the app" : "Use a passkey") : "Use a recovery code"}
          </button>
        )}
        <button type="button" className="link" onClick={onCancel}>
          Log in as somebody else
        </button>
      </p>
    </form>
  );
}
