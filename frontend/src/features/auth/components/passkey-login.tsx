import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { logInWithPasskey, type Standing } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { asApiError } from "@/lib/errors";
import { canAutofill, passkeysMissing } from "@/lib/webauthn";

interface PasskeyLoginProps {
  readonly onDone: (standing: Standing) => void;
}

/** A button, and until it is pressed the browser offers its passkeys in the list at the address field. */
export function PasskeyLogin({ onDone }: PasskeyLoginProps) {
  const waiting = useRef<AbortController | null>(null);
  const done = useRef(onDone);
  useEffect(() => {
    done.current = onDone;
  });
  const asking = useMutation({
    mutationFn: () => {
      waiting.current?.abort(); // one question at a time
      return logInWithPasskey();
    },
    onSuccess: (standing) => {
      if (standing !== null) onDone(standing);
    },
  });

  useEffect(() => {
    const controller = new AbortController();
    waiting.current = controller;
    const offer = async () => {
      if (!(await canAutofill()) || controller.signal.aborted) return;
      const standing = await logInWithPasskey({ signal: controller.signal, mediation: "conditional" });
      if (standing !== null && !controller.signal.aborted) done.current(standing);
    };
    // An offer beside the form: when it fails, the form and the button are still there to say why.
    offer().catch(() => undefined);
    return () => controller.abort();
  }, []);

  if (passkeysMissing() !== null) return null;
  return (
    <>
      <Button variant="default" h={36} loading={asking.isPending} onClick={() => asking.mutate()}>
        Log in with a passkey
      </Button>
      {asking.error !== null && <FormError>{asApiError(asking.error).message}</FormError>}
    </>
  );
}
