import { Button, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { paths } from "@/config/paths";
import { verifyEmail } from "@/features/auth/api/auth";
import { keepNext, keptNext } from "@/features/auth/after";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { loginFor } from "@/features/auth/model";
import { asApiError } from "@/lib/errors";

const route = getRouteApi(paths.verifyEmail);

export function VerifyEmailPage() {
  const { key } = route.useParams();
  // A query and not an effect: a key works once, and a query runs once however often the page is drawn.
  const verification = useQuery({
    queryKey: ["verify-email", key],
    queryFn: () => verifyEmail(key),
    retry: false,
    staleTime: Infinity,
  });
  const client = useQueryClient();
  const router = useRouter();
  const isIn = verification.data?.step === "in";
  useEffect(() => {
    if (isIn) client.removeQueries({ queryKey: ["me"] }); // who asked before was a stranger
  }, [isIn, client]);
  const [next] = useState(keptNext);
  const onward = isIn ? next : loginFor(next);
  return (
    <AuthLayout title="Confirm your e-mail">
      {verification.isPending && <Skeleton height={20} aria-label="Confirming" role="status" />}
      {verification.isError && <Refusal error={verification.error} onRetry={() => void verification.refetch()} />}
      {verification.isSuccess && <p style={{ marginTop: 0 }}>Your address is confirmed.</p>}
      <p style={{ margin: "16px 0 0" }}>
        <a
          href={onward}
          className="link"
          onClick={(event) => {
            event.preventDefault();
            keepNext(undefined);
            router.history.push(onward);
          }}
        >
          {isIn ? "Go to your workspace" : "Log in"}
        </a>
      </p>
    </AuthLayout>
  );
}

function Refusal({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  const { fields, message } = asApiError(error);
  if (fields["key"] !== undefined) {
    return (
      <p role="alert" style={{ margin: 0 }}>
        This link no longer works: it was used already, or it is too old. An address that is confirmed stays confirmed.
      </p>
    );
  }
  return (
    <div role="alert">
      <p style={{ margin: "0 0 12px", color: "var(--danger-text)" }}>{message}</p>
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
