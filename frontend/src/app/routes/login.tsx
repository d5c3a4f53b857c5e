import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { logIn } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CredentialsForm } from "@/features/auth/components/credentials-form";
import { safeNext } from "@/features/auth/model";

const route = getRouteApi(paths.login);

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  return (
    <AuthLayout
      title="Log in"
      footer={
        <>
          No account yet?{" "}
          <Link to={paths.signup} className="link">
            Sign up
          </Link>
        </>
      }
    >
      <CredentialsForm
        verb="Log in"
        isNew={false}
        send={logIn}
        onDone={() => {
          client.clear();
          router.history.push(safeNext(next));
        }}
      />
      <p style={{ margin: "12px 0 0", fontSize: 13 }}>
        <Link to={paths.forgotPassword} className="link">
          Forgot your password?
        </Link>
      </p>
    </AuthLayout>
  );
}
