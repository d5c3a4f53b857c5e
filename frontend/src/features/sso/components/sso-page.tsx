import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { connectionsQuery, domainsQuery, policyQuery } from "@/features/sso/api/sso";
import { ConnectionEditor } from "@/features/sso/components/connection-editor";
import { ConnectionItem } from "@/features/sso/components/connection-item";
import { DomainsPanel } from "@/features/sso/components/domains-panel";
import { PolicyPanel } from "@/features/sso/components/policy-panel";
import { ScimCard } from "@/features/sso/components/scim-card";
import { pageAnswer } from "@/features/sso/model";
import type { SsoConnection, SsoKind } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface SsoPageProps {
  readonly account: string;
  /** Why the page is not for this person; null when it is. */
  readonly denial: string | null;
  /** Why they may not hand people over to a provider; null when they may. */
  readonly handing: string | null;
  /** The connection whose test has just come back. */
  readonly tested?: string | undefined;
}

type Editing = { readonly connection: SsoConnection | null; readonly kind: SsoKind } | null;

/** By whose word do people come in? */
export function SsoPage({ account, denial, handing, tested }: SsoPageProps) {
  const allowed = denial === null;
  const connections = useQuery({ ...connectionsQuery(account), enabled: allowed });
  const domains = useQuery({ ...domainsQuery(account), enabled: allowed });
  const policy = useQuery({ ...policyQuery(account), enabled: allowed });
  const [editing, setEditing] = useState<Editing>(null);
  if (!allowed) {
    return (
      <>
        <PageHeader title="Single sign-on" />
        <EmptyState icon="key" title="This is not shown to you">
          {denial}
        </EmptyState>
      </>
    );
  }
  const failed = [connections, domains, policy].find((query) => query.isError);
  const loaded = connections.data !== undefined && domains.data !== undefined && policy.data !== undefined;
  return (
    <>
      <PageHeader title="Single sign-on" answer={loaded ? pageAnswer(connections.data.items, domains.data.items, policy.data.required) : ""}>
        <Button variant="default" leftSection={<Icon name="plus" size={13} />} onClick={() => setEditing({ connection: null, kind: "SAML" })}>
          Add SAML
        </Button>
        <Button leftSection={<Icon name="plus" size={13} />} onClick={() => setEditing({ connection: null, kind: "OIDC" })}>
          Add OpenID Connect
        </Button>
      </PageHeader>
      {failed?.error != null && <ErrorState error={failed.error} what="single sign-on" onRetry={() => void failed.refetch()} />}
      {failed === undefined && !loaded && <SkeletonRows rows={5} height={72} label="single sign-on" />}
      {loaded && (
        <div className={styles["stack"]}>
          <DomainsPanel account={account} domains={domains.data.items} connections={connections.data.items} />
          <Panel title="Connections" flush>
            {connections.data.items.length === 0 ? (
              <EmptyState icon="key" title="No provider yet">
                Add the one that your people sign in with elsewhere: Okta, Entra, Google, Keycloak or any other that speaks OpenID Connect or SAML.
              </EmptyState>
            ) : (
              <ul className={styles["list"]} aria-label="Connections">
                {connections.data.items.map((connection) => (
                  <ConnectionItem key={connection.id} account={account} connection={connection} tested={connection.id === tested} handing={handing} onEdit={() => setEditing({ connection, kind: connection.kind })} />
                ))}
              </ul>
            )}
          </Panel>
          <PolicyPanel account={account} policy={policy.data} />
          <ScimCard account={account} denial={denial} handing={handing} />
        </div>
      )}
      {editing !== null && <ConnectionEditor account={account} connection={editing.connection} kind={editing.kind} onClose={() => setEditing(null)} />}
    </>
  );
}
