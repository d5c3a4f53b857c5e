import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { verifyEmail } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { asApiError } from "@/lib/errors";

const route = getRouteApi(paths.verifyEmail);

export function VerifyEmailPage() {
  const { key } = route.useParams();
  // A query and not an effect: a key works once, and a query runs once however often the page is drawn.
  const verification = useQuery({
    queryKey: ["verify-email", key],
    queryFn: () => verifyEmail(key).then(() => true),
    retry: false,
    staleTime: Infinity,
  });
  return (
    <AuthLayout title="Confirm your e-mail">
      {verification.isPending && <Skeleton height={20} aria-label="Confirming" role="status" />}
      {verification.isError && <Refusal error={verification.error} onRetry={() => void verification.refetch()} />}
      {verification.isSuccess && <p style={{ marginTop: 0 }}>Your address is confirmed.</p>}
      <p style={{ margin: "16px 0 0" }}>
        <Link to={paths.root} className="link">
          Go to your workspace
        </Link>
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
