import { Button, Skeleton, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { CopyId } from "@/components/ui/copy-id";
import { paths } from "@/config/paths";
import { acceptInvitation, invitationViewQuery } from "@/features/account/api/invitations";
import { titled } from "@/features/account/model";
import { asApiError } from "@/lib/errors";
import { formatDate } from "@/lib/time";
import type { Acceptance, InvitationView } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface AcceptPageProps {
  readonly token: string;
  /** The address of who is logged in; null for nobody, undefined while it is not known. */
  readonly me: string | null | undefined;
  readonly leaving: boolean;
  readonly onLeave: () => void;
  readonly onAccepted: (acceptance: Acceptance) => void;
}

/** What the link in the mail leads to: who asks, into what, and what stands in the way. */
export function AcceptPage({ token, me, leaving, onLeave, onAccepted }: AcceptPageProps) {
  const view = useQuery(invitationViewQuery(token));
  if (view.isPending || me === undefined) return <Skeleton height={120} role="status" aria-label="Loading the invitation" />;
  if (view.isError) return <NotValid error={view.error} onRetry={() => void view.refetch()} />;
  return (
    <Stack gap={14}>
      <Offer view={view.data} />
      {me === null ? <Strangers token={token} view={view.data} /> : <Accept token={token} view={view.data} me={me} leaving={leaving} onLeave={onLeave} onAccepted={onAccepted} />}
    </Stack>
  );
}

function Offer({ view }: { readonly view: InvitationView }) {
  return (
    <>
      <p style={{ margin: 0 }}>
        {view.invited_by ?? "Somebody"} invites you to <strong>{view.account.name}</strong> as {titled(view.account_role).toLowerCase()}
        {view.workspaces.length > 0 && <>, with a role in {view.workspaces.join(", ")}</>}.
      </p>
      <p className="muted" style={{ margin: 0, fontSize: 13 }}>
        For {view.email} · until {formatDate(view.expires_at)}
      </p>
    </>
  );
}

function Strangers({ token, view }: { readonly token: string; readonly view: InvitationView }) {
  const next = `/invitations/${encodeURIComponent(token)}`;
  return (
    <>
      <Button h={36} size="sm" renderRoot={(props) => <Link to={paths.login} search={{ next }} {...props} />}>
        Log in and accept
      </Button>
      <Button variant="default" h={36} size="sm" renderRoot={(props) => <Link to={paths.signup} search={{ next }} {...props} />}>
        Sign up and accept
      </Button>
      <p className="muted" style={{ margin: 0, fontSize: 13 }}>
        Use the address {view.email}: an invitation is for one address, and you come back here afterwards.
      </p>
    </>
  );
}

interface AcceptProps extends Omit<AcceptPageProps, "me"> {
  readonly view: InvitationView;
  readonly me: string;
}

function Accept({ token, view, me, leaving, onLeave, onAccepted }: AcceptProps) {
  const accept = useMutation({ mutationFn: () => acceptInvitation(token), onSuccess: onAccepted });
  const refusal = accept.error === null ? null : asApiError(accept.error);
  const foreign = view.yours === false || refusal?.code === "invitation_for_another_address";
  const other = (
    <Button variant="default" h={36} size="sm" loading={leaving} onClick={onLeave}>
      Log in as somebody else
    </Button>
  );
  if (foreign) {
    return (
      <>
        <Note tone="warn">
          You are logged in as {me}, and the invitation is for {view.email}. Log in with that address; or add it to your user, confirm it, and open this page again.
        </Note>
        {other}
      </>
    );
  }
  return (
    <>
      {refusal !== null && (
        <Note tone="bad">
          {refusal.code === "address_not_confirmed" ? (
            <>Your address is not confirmed yet. Open the link in the mail we sent when you signed up, then accept here.</>
          ) : (
            refusal.message
          )}
        </Note>
      )}
      <Button h={36} size="sm" loading={accept.isPending || accept.isSuccess} onClick={() => accept.mutate()}>
        Join {view.account.name}
      </Button>
      <p className="muted" style={{ margin: 0, fontSize: 13 }}>
        You are logged in as {me}.
      </p>
      {other}
    </>
  );
}

function Note({ tone, children }: { readonly tone: "warn" | "bad"; readonly children: ReactNode }) {
  return (
    <p className={styles["note"]} data-tone={tone} role="alert">
      {children}
    </p>
  );
}

function NotValid({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  const { status, message, requestId } = asApiError(error);
  if (status === 404) {
    return (
      <div role="alert">
        <p style={{ margin: "0 0 8px" }}>This invitation can’t be used: it was used already, taken back, replaced by a newer mail, or it is too old.</p>
        <p className="muted" style={{ margin: "0 0 16px" }}>
          Look for a newer mail, or ask whoever invited you to send it again.
        </p>
        <Link to={paths.root} className="link">
          Go to your workspace
        </Link>
      </div>
    );
  }
  return (
    <div role="alert">
      <p style={{ margin: "0 0 12px", color: "var(--danger-text)" }}>{message}</p>
      {requestId !== null && (
        <p className="muted" style={{ margin: "0 0 12px", fontSize: 13 }}>
          Request <CopyId id={requestId} label="request id" full />
        </p>
      )}
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
