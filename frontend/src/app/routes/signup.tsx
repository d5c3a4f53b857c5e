import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { paths } from "@/config/paths";
import { invitationViewQuery } from "@/features/account/api/invitations";
import { signUp } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CheckMail } from "@/features/auth/components/check-mail";
import { CredentialsForm } from "@/features/auth/components/credentials-form";
import { OtherWays } from "@/features/auth/components/other-ways";
import { keepNext } from "@/features/auth/after";
import { invitationIn, loginFor, safeNext } from "@/features/auth/model";
import type { InvitationView } from "@/schema/wire/account";

const route = getRouteApi(paths.signup);

export function SignupPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const invitation = invitationIn(next);
  const invited = useQuery({ ...invitationViewQuery(invitation ?? ""), enabled: invitation !== null });
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
            {invitation === null ? "You get a workspace of your own. We send a mail to confirm the address." : <InvitedWords view={invited.data} />}
          </p>
          <CredentialsForm
            verb="Create account"
            isNew
            send={(credentials) => signUp(credentials, invitation)}
            onDone={(standing, { email }) => {
              if (standing.step === "in") {
                client.clear();
                // Signed up by the link of an invitation, they have accepted it: it is used now.
                router.history.push(invitation === null ? safeNext(next) : paths.root);
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

/** Whom they join, and with which address: any other gets a workspace of its own, and a mail. */
function InvitedWords({ view }: { readonly view: InvitationView | undefined }) {
  if (view === undefined) return "Use the address that the invitation was sent to.";
  return (
    <>
      You join <strong>{view.account.name}</strong>. Use the address that the invitation was sent to, {view.email}.
    </>
  );
}
