import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { paths } from "@/config/paths";
import { signUp } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CheckMail } from "@/features/auth/components/check-mail";
import { CredentialsForm } from "@/features/auth/components/credentials-form";
import { OtherWays } from "@/features/auth/components/other-ways";
import { keepNext } from "@/features/auth/after";
import { loginFor, safeNext } from "@/features/auth/model";

const route = getRouteApi(paths.signup);

export function SignupPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const [mailed, setMailed] = useState<string | null>(null);

  return (
    <AuthLayout
      title={mailed === null ? "Create your account" : "Check your mail"}
      footer={
        <>
          Already have an account?{" "}
          <Link to={paths.login} search={next === undefined ? {} : { next }} className="link">
            Log in
          </Link>
        </>
      }
    >
      {mailed !== null ? (
        <CheckMail email={mailed} />
      ) : (
        <>
          <p className="muted" style={{ margin: "-8px 0 16px" }}>
            You get a workspace of your own. We send a mail to confirm the address.
          </p>
          <CredentialsForm
            verb="Create account"
            isNew
            send={signUp}
            onDone={(standing, { email }) => {
              if (standing.step === "in") {
                client.clear();
                router.history.push(safeNext(next));
                return;
              }
              keepNext(next);
              setMailed(email);
            }}
          />
          <OtherWays callback={loginFor(next)} verb="Sign up" />
        </>
      )}
    </AuthLayout>
  );
}
