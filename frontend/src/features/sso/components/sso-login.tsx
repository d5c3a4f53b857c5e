import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { discover } from "@/features/sso/api/sso";
import { asApiError } from "@/lib/errors";

/** Continue by the provider of one's company, which the address names. The answer is the same for who is known and who isn't. */
export function SsoLogin({ next }: { readonly next: string | undefined }) {
  const [open, setOpen] = useState(false);
  const [email, setEmail] = useState("");
  const finding = useMutation({
    mutationFn: () => discover(email.trim()),
    onSuccess: (url) => {
      if (url !== null) window.location.assign(next === undefined ? url : `${url}&next=${encodeURIComponent(next)}`);
    },
  });
  if (!open) {
    return (
      <Button variant="default" h={36} leftSection={<Icon name="key" size={14} />} onClick={() => setOpen(true)}>
        Continue with single sign-on
      </Button>
    );
  }
  const nowhere = finding.data === null ? "No single sign-on is known for this address. Log in with your password, or ask your admin." : null;
  return (
    <form
      aria-label="Single sign-on"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (email.includes("@")) finding.mutate();
      }}
    >
      <Stack gap={8}>
        <TextInput
          size="sm"
          label="Work e-mail"
          type="email"
          autoComplete="email"
          autoFocus
          value={email}
          onChange={(event) => {
            setEmail(event.currentTarget.value);
            finding.reset();
          }}
          error={finding.error === null ? nowhere : asApiError(finding.error).message}
        />
        <GuardedButton variant="default" h={36} reason={email.includes("@") ? null : "Write your work address first."} loading={finding.isPending || typeof finding.data === "string"}>
          Continue
        </GuardedButton>
      </Stack>
    </form>
  );
}
