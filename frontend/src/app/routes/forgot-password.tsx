import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { paths } from "@/config/paths";
import { requestReset } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { asApiError } from "@/lib/errors";

export function ForgotPasswordPage() {
  const [email, setEmail] = useState("");
  const [tried, setTried] = useState(false);
  const request = useMutation({ mutationFn: requestReset });
  const refusal = request.error === null ? null : asApiError(request.error);
  const problem = refusal?.fields["email"]?.[0] ?? (tried && !email.includes("@") ? "Enter your e-mail address." : null);

  return (
    <AuthLayout
      title="Set a new password"
      footer={
        <Link to={paths.login} className="link">
          Back to the login
        </Link>
      }
    >
      {request.isSuccess ? (
        <p role="status" style={{ margin: 0 }}>
          If {email.trim()} has an account, a mail with a link is on its way. The link works once.
        </p>
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (email.includes("@")) request.mutate(email.trim());
          }}
        >
          <Stack gap={12}>
            <TextInput
              size="sm"
              label="E-mail"
              type="email"
              autoComplete="email"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={problem}
              data-autofocus
            />
            {refusal !== null && refusal.fields["email"] === undefined && (
              <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
                {refusal.message}
              </p>
            )}
            <Button type="submit" size="sm" h={36} loading={request.isPending}>
              Send the link
            </Button>
          </Stack>
        </form>
      )}
    </AuthLayout>
  );
}
