import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { signUp } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CredentialsForm } from "@/features/auth/components/credentials-form";

export function SignupPage() {
  const router = useRouter();
  const client = useQueryClient();
  return (
    <AuthLayout
      title="Create your account"
      footer={
        <>
          Already have an account?{" "}
          <Link to={paths.login} className="link">
            Log in
          </Link>
        </>
      }
    >
      <p className="muted" style={{ margin: "-8px 0 16px" }}>
        You get a workspace at once. We send a mail to confirm the address; nothing waits for it.
      </p>
      <CredentialsForm
        verb="Create account"
        isNew
        send={signUp}
        onDone={() => {
          client.clear();
          router.history.push("/");
        }}
      />
    </AuthLayout>
  );
}
