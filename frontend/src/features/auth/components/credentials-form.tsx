import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import type { Credentials, Standing } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { passwordProblem } from "@/features/auth/model";
import { asApiError } from "@/lib/errors";

interface CredentialsFormProps {
  readonly verb: string;
  readonly isNew: boolean;
  readonly send: (credentials: Credentials) => Promise<Standing>;
  readonly onDone: (standing: Standing, credentials: Credentials) => void;
}

/** E-mail and password, for both signing up and logging in. */
export function CredentialsForm({ verb, isNew, send, onDone }: CredentialsFormProps) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const sending = useMutation({ mutationFn: send, onSuccess: onDone });
  const refusal = sending.error === null ? null : asApiError(sending.error);
  const weakness = isNew ? passwordProblem(password) : null;
  const general = refusal !== null && refusal.fields["email"] === undefined && refusal.fields["password"] === undefined;

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (email.includes("@") && password !== "" && weakness === null) sending.mutate({ email: email.trim(), password });
      }}
    >
      <Stack gap={12}>
        <TextInput
          size="sm"
          label="E-mail"
          type="email"
          autoComplete={isNew ? "email" : "username webauthn"}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={refusal?.fields["email"]?.[0] ?? (tried && !email.includes("@") ? "Enter your e-mail address." : null)}
          data-autofocus
        />
        <PasswordInput
          size="sm"
          label="Password"
          description={isNew ? "At least 10 characters." : undefined}
          autoComplete={isNew ? "new-password" : "current-password"}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={refusal?.fields["password"]?.[0] ?? (tried ? (password === "" ? "Enter a password." : weakness) : null)}
        />
        {general && (
          <FormError>{refusal.message}</FormError>
        )}
        <Button type="submit" size="sm" h={36} loading={sending.isPending}>
          {verb}
        </Button>
      </Stack>
    </form>
  );
}
