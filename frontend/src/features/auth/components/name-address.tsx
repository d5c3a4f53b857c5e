import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { nameAddress, type Standing } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { asApiError } from "@/lib/errors";

interface NameAddressProps {
  readonly onDone: (standing: Standing, email: string) => void;
}

/** For who comes from another service that told no address. */
export function NameAddress({ onDone }: NameAddressProps) {
  const [email, setEmail] = useState("");
  const naming = useMutation({ mutationFn: nameAddress, onSuccess: (standing) => onDone(standing, email.trim()) });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (email.includes("@")) naming.mutate(email.trim());
      }}
    >
      <Stack gap={12}>
        <TextInput
          label="E-mail"
          description="The other service didn’t tell us one that we may use."
          type="email"
          autoComplete="email"
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        {naming.error !== null && <FormError>{asApiError(naming.error).message}</FormError>}
        <Button type="submit" h={36} loading={naming.isPending}>
          Create account
        </Button>
      </Stack>
    </form>
  );
}
