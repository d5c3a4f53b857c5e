import { Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { createScimToken, scimQuery } from "@/features/sso/api/scim";
import { EndTokenDialog, NewTokenDialog } from "@/features/sso/components/scim-dialogs";
import { scimSentence, tokenGap } from "@/features/sso/scim-model";
import { asApiError } from "@/lib/errors";
import { formatDay } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { NewScimToken, ScimSettings, ScimToken } from "@/schema/wire/scim";

import styles from "./scim-card.module.css";

interface ScimCardProps {
  /** The account's id. */
  readonly account: string;
  /** Why the reader may not change it; null when they may. */
  readonly denial: string | null;
  /** Why the reader may not hand people over to a provider; null when they may. */
  readonly handing?: string | null;
}

/** Who keeps our people and teams: the address and the token that a provider asks for, and how it goes. */
export function ScimCard({ account, denial, handing = null }: ScimCardProps) {
  const scim = useQuery(scimQuery(account));
  if (scim.isPending) return <Skeleton height={220} role="status" aria-label="Loading provisioning" />;
  if (scim.isError) return <ErrorState error={scim.error} what="provisioning" onRetry={() => void scim.refetch()} />;
  return <Body account={account} denial={denial} handing={handing} scim={scim.data} />;
}

interface BodyProps extends ScimCardProps {
  readonly scim: ScimSettings;
}

function Body({ account, denial, handing, scim }: BodyProps) {
  const client = useQueryClient();
  const [made, setMade] = useState<NewScimToken | null>(null);
  const [ending, setEnding] = useState<ScimToken | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: scimQuery(account).queryKey });
  const create = useMutation({
    mutationFn: () => createScimToken(account),
    onSuccess: (token) => {
      setMade(token);
      return refresh();
    },
  });
  const verb = scim.tokens.length === 0 ? "Create token" : "Create a second token";
  return (
    <Panel
      title="Provisioning (SCIM)"
      aside={
        <GuardedButton variant={scim.enabled ? "default" : "filled"} reason={denial ?? handing ?? tokenGap(scim)} loading={create.isPending} onClick={() => create.mutate()}>
          {verb}
        </GuardedButton>
      }
    >
      <p className={styles["answer"]}>{scimSentence(scim)}</p>
      {create.error !== null && (
        <p role="alert" className={styles["refusal"]}>
          {asApiError(create.error).message}
        </p>
      )}
      <div className={styles["field"]}>
        <p className={styles["label"]}>Base URL (Okta: “Base URL”, Entra: “Tenant URL”)</p>
        <CodeSnippet code={scim.base_url} label="base URL" />
      </div>
      {scim.tokens.length > 0 && (
        <ul className={styles["list"]} aria-label="Tokens">
          {scim.tokens.map((token) => (
            <li key={token.id} className={styles["row"]} aria-label={`Token ${token.prefix}…`}>
              <span>
                <span className="mono">{token.prefix}…</span>
                <span className={styles["under"]}>
                  made {formatDay(token.created_at)}
                  {token.created_by !== null && ` by ${token.created_by.name}`}
                </span>
              </span>
              <span>
                last used <RelativeTime at={token.last_used_at} none="never" />
              </span>
              <GuardedButton variant="default" reason={denial} onClick={() => setEnding(token)}>
                End
              </GuardedButton>
            </li>
          ))}
        </ul>
      )}
      <Facts
        facts={[
          { term: "People it keeps", value: formatCount(scim.people) },
          { term: "Teams it keeps", value: formatCount(scim.groups) },
          { term: "Last heard of", value: <RelativeTime at={scim.last_used_at} none="never" /> },
        ]}
      />
      {made !== null && <NewTokenDialog token={made} baseUrl={scim.base_url} onClose={() => setMade(null)} />}
      {ending !== null && <EndTokenDialog account={account} token={ending} last={scim.tokens.length === 1} onEnded={refresh} onClose={() => setEnding(null)} />}
    </Panel>
  );
}
