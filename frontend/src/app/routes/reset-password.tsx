import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";

import { paths } from "@/config/paths";
import { resetPassword } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { passwordProblem } from "@/features/auth/model";
import { asApiError } from "@/lib/errors";

const route = getRouteApi(paths.resetPassword);

export function ResetPasswordPage() {
  const { key } = route.useParams();
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const reset = useMutation({ mutationFn: () => resetPassword(key, password) });
  const refusal = reset.error === null ? null : asApiError(reset.error);
  const weakness = passwordProblem(password);
  const stale = refusal !== null && refusal.fields["password"] === undefined;

  return (
    <AuthLayout
      title="Choose a new password"
      footer={
        <Link to={paths.login} className="link">
          Back to the login
        </Link>
      }
    >
      {reset.isSuccess ? (
        <p role="status" style={{ margin: 0 }}>
          The new password is set.{" "}
          <Link to={paths.login} className="link">
            Log in with it
          </Link>
        </p>
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (weakness === null) reset.mutate();
          }}
        >
          <Stack gap={12}>
            <PasswordInput
              size="sm"
              label="New password"
              description="At least 10 characters."
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              error={refusal?.fields["password"]?.[0] ?? (tried ? weakness : null)}
              data-autofocus
            />
            {stale && (
              <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
                {refusal.fields["key"] === undefined ? refusal.message : "This link no longer works: it was used, or it is too old."}{" "}
                <Link to={paths.forgotPassword} className="link">
                  Send a new link
                </Link>
              </p>
            )}
            <Button type="submit" size="sm" h={36} loading={reset.isPending}>
              Set the password
            </Button>
          </Stack>
        </form>
      )}
    </AuthLayout>
  );
}
