import { Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { paths } from "@/config/paths";
import { logIn, logOut, whereAmI, type Standing } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CheckMail } from "@/features/auth/components/check-mail";
import { CredentialsForm } from "@/features/auth/components/credentials-form";
import { FormError } from "@/features/auth/components/form-error";
import { NameAddress } from "@/features/auth/components/name-address";
import { OtherWays } from "@/features/auth/components/other-ways";
import { PasskeyLogin } from "@/features/auth/components/passkey-login";
import { SecondFactor } from "@/features/auth/components/second-factor";
import { keepNext } from "@/features/auth/after";
import { SsoLogin } from "@/features/sso/components/sso-login";
import { loginFor, safeNext, serviceProblem } from "@/features/auth/model";

const route = getRouteApi(paths.login);

const TITLES: Readonly<Record<Standing["step"], string>> = {
  out: "Log in",
  in: "Log in",
  "second-factor": "One more step",
  "confirm-address": "Check your mail",
  "name-address": "Your e-mail address",
};

export function LoginPage() {
  const { next, error } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  // Half signed in by an earlier try, or just back from another service: go on from there.
  const begun = useQuery({ queryKey: ["auth", "standing"], queryFn: ({ signal }) => whereAmI(signal), gcTime: 0, staleTime: Infinity, retry: false });
  const [reached, setReached] = useState<Standing | null>(null);
  const [email, setEmail] = useState("");
  const standing: Standing = reached ?? begun.data ?? { step: "out" };

  const isIn = standing.step === "in";
  useEffect(() => {
    if (!isIn) return;
    client.clear();
    router.history.push(safeNext(next));
  }, [isIn, client, router, next]);
  useEffect(() => {
    if (standing.step === "confirm-address") keepNext(next);
  }, [standing.step, next]);

  const leave = useMutation({ mutationFn: logOut, onSettled: () => setReached({ step: "out" }) });
  const problem = serviceProblem(error);

  return (
    <AuthLayout
      title={TITLES[standing.step]}
      footer={
        standing.step === "out" && (
          <>
            No account yet?{" "}
            <Link to={paths.signup} search={next === undefined ? {} : { next }} className="link">
              Sign up
            </Link>
          </>
        )
      }
    >
      {begun.isPending || isIn ? (
        <Skeleton height={180} role="status" aria-label="Loading" />
      ) : standing.step === "second-factor" ? (
        <SecondFactor types={standing.types} onDone={setReached} onCancel={() => leave.mutate()} />
      ) : standing.step === "confirm-address" ? (
        <>
          <CheckMail email={email} />
          <button type="button" className="link" onClick={() => leave.mutate()}>
            Log in as somebody else
          </button>
        </>
      ) : standing.step === "name-address" ? (
        <NameAddress
          onDone={(to, named) => {
            setEmail(named);
            setReached(to);
          }}
        />
      ) : (
        <>
          {problem !== null && (
            <div style={{ marginBottom: 12 }}>
              <FormError>{problem}</FormError>
            </div>
          )}
          <CredentialsForm
            verb="Log in"
            isNew={false}
            send={logIn}
            onDone={(to, { email: named }) => {
              setEmail(named);
              setReached(to);
            }}
          />
          <p style={{ margin: "12px 0 0", fontSize: 13 }}>
            <Link to={paths.forgotPassword} className="link">
              Forgot your password?
            </Link>
          </p>
          <OtherWays callback={loginFor(next)} verb="Log in">
            <PasskeyLogin onDone={setReached} />
            <SsoLogin next={next} />
          </OtherWays>
        </>
      )}
    </AuthLayout>
  );
}
