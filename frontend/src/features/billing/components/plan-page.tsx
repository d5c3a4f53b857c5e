import { Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { accountUsageQuery, billingKeys, openPortal, planQuery, startCheckout, usageQuery } from "@/features/billing/api/billing";
import { BillingLink } from "@/features/billing/components/billing-link";
import { BillingNav } from "@/features/billing/components/billing-nav";
import { CurrentPlan } from "@/features/billing/components/current-plan";
import { PlanCards } from "@/features/billing/components/plan-cards";
import { subscriptionSentence, type PlanSearch } from "@/features/billing/model";
import { useBilled } from "@/features/billing/use-billed";
import { asApiError } from "@/lib/errors";
import { formatDate } from "@/lib/time";
import type { AccountPlan, PlanCode } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface PlanPageProps {
  readonly search: PlanSearch;
  readonly onSettled: () => void;
}

/** What do we have, and what else is there? */
export function PlanPage({ search, onSettled }: PlanPageProps) {
  const { account, workspace, denial } = useBilled();
  const plan = useQuery({ ...planQuery(account.id), ...(search.checkout === "done" ? { refetchInterval: WATCH_MS } : {}) });
  const readable = denial === null;
  const here = useQuery({ ...usageQuery(workspace?.slug ?? ""), enabled: readable && workspace !== null });
  const whole = useQuery({ ...accountUsageQuery(account.id), enabled: readable && workspace === null });
  const usage = workspace === null ? whole : here;
  const foreign = plan.isError && asApiError(plan.error).status === 403;

  return (
    <>
      <PageHeader title="Plan" answer={plan.data === undefined ? "" : answer(plan.data, account.name)}>
        {plan.data?.stripe === true && plan.data.subscription !== null && <PortalButton account={account.id} plan={plan.data} />}
      </PageHeader>
      <BillingNav />
      {plan.isPending && (
        <div role="status" aria-label="Loading the plan" className={styles["stack"]}>
          <Skeleton height={220} />
          <Skeleton height={260} />
        </div>
      )}
      {foreign && (
        <p className={styles["note"]} role="note">
          Owners, admins and billing contacts of {account.name} see its plan.
          {workspace !== null && (
            <>
              {" "}
              What this workspace uses stands on the{" "}
              <BillingLink page="usage" className="link">
                usage page
              </BillingLink>
              .
            </>
          )}
        </p>
      )}
      {plan.isError && !foreign && <ErrorState error={plan.error} what="plan" onRetry={() => void plan.refetch()} />}
      {plan.data !== undefined && (
        <div className={styles["stack"]}>
          {search.checkout !== undefined && <Returned how={search.checkout} plan={plan.data} onSettled={onSettled} />}
          {plan.data.billing ? <SubscriptionNote plan={plan.data} /> : <SelfHosted />}
          <CurrentPlan account={plan.data} usage={usage.data} />
          {plan.data.plans.length > 0 && <Offer account={account.id} plan={plan.data} />}
        </div>
      )}
    </>
  );
}

function answer(plan: AccountPlan, name: string): string {
  if (!plan.billing) return "Self-hosted, without limits.";
  const since = plan.since === null ? "" : ` since ${formatDate(plan.since)}`;
  return `${name} is on ${plan.plan.name}${since}.`;
}

function SelfHosted() {
  return (
    <p className={styles["note"]} role="note">
      <strong>Billing is off.</strong> This Headway is hosted by its users: everything is included and nothing is limited. What is used is counted all the same, and can be
      recounted.
    </p>
  );
}

function SubscriptionNote({ plan }: { readonly plan: AccountPlan }) {
  const said = subscriptionSentence(plan);
  if (said === null) return null;
  return (
    <p className={styles["note"]} data-tone={said.tone} role="note">
      {said.tone !== "calm" && <Icon name="alert" size={14} />} {said.text}
    </p>
  );
}

const WATCH_MS = 3_000;
const PATIENCE_MS = 60_000;

/** Whoever comes back from paying sees the plan change by itself: the payment is told by another way. */
function Returned({ how, plan, onSettled }: { readonly how: "done" | "cancelled"; readonly plan: AccountPlan; readonly onSettled: () => void }) {
  const client = useQueryClient();
  const paid = plan.subscription !== null && plan.subscription.status !== "incomplete";
  useEffect(() => {
    if (how !== "done") return;
    if (paid) void client.invalidateQueries({ queryKey: billingKeys.all, predicate: (query) => query.queryKey[1] !== "plan" });
    const timer = setTimeout(onSettled, paid ? WATCH_MS * 2 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [how, paid, client, onSettled]);
  const words =
    how === "cancelled"
      ? "Nothing was bought; the plan is as it was."
      : paid
        ? `Thank you. ${plan.plan.name} is yours.`
        : "Thank you. The plan changes as soon as the payment is confirmed; this page watches for it.";
  return (
    <p className={styles["note"]} role="status" data-tone={paid && how === "done" ? "good" : "calm"}>
      {words}
    </p>
  );
}

function PortalButton({ account, plan }: { readonly account: string; readonly plan: AccountPlan }) {
  const here = useLocation({ select: (location) => location.pathname });
  const portal = useMutation({ mutationFn: () => openPortal(account, here), onSuccess: ({ url }) => window.location.assign(url) });
  const refused = portal.error === null ? null : asApiError(portal.error).message;
  return (
    <>
      {refused !== null && (
        <span role="alert" className={styles["wrong"]}>
          {refused}
        </span>
      )}
      <GuardedButton
        variant="default"
        reason={plan.may_manage ? null : "An owner of the account sees to payments."}
        loading={portal.isPending || portal.isSuccess}
        leftSection={<Icon name="external" size={13} />}
        onClick={() => portal.mutate()}
      >
        Invoices and payment
      </GuardedButton>
    </>
  );
}

function Offer({ account, plan }: { readonly account: string; readonly plan: AccountPlan }) {
  const here = useLocation({ select: (location) => location.pathname });
  const go = ({ url }: { url: string }) => window.location.assign(url);
  const checkout = useMutation({ mutationFn: (code: PlanCode) => startCheckout(account, code, here), onSuccess: go });
  const portal = useMutation({ mutationFn: () => openPortal(account, here), onSuccess: go });
  const refused = checkout.error ?? portal.error;
  const leaving = checkout.isPending || checkout.isSuccess ? checkout.variables : null;
  return (
    <>
      <PlanCards
        account={plan}
        leaving={leaving}
        onCheckout={(code) => {
          portal.reset();
          checkout.mutate(code);
        }}
        onPortal={() => {
          checkout.reset();
          portal.mutate();
        }}
      />
      {refused !== null && (
        <p role="alert" className={styles["wrong"]}>
          {asApiError(refused).message}
        </p>
      )}
    </>
  );
}
