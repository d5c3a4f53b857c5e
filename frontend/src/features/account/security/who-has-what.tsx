import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { useAccount } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";
import type { SecuritySummary } from "@/schema/wire/account";

import styles from "./security.module.css";

/** People and keys by number; each leads to the list that it counts. */
export function WhoHasWhat({ summary }: { readonly summary: SecuritySummary }) {
  const { id: account } = useAccount();
  const { people, keys } = summary;
  const members = (count: number, search: Parameters<typeof MembersLink>[0]["search"]) => <MembersLink account={account} count={count} search={search} />;
  return (
    <div className={styles["columns"]}>
      <Panel title="People" flush>
        <dl className={styles["numbers"]}>
          <Line term="Members" value={members(people.members, { state: "active" })} />
          <Line term="Owners" note={people.owners.map((owner) => owner.name).join(", ")} value={members(people.owners.length, { role: "OWNER" })} warn={people.owners.length === 1 ? "Only one: nobody can step in." : undefined} />
          <Line term="Without a second factor" value={members(people.without_mfa, { mfa: "false", state: "active" })} warn={people.without_mfa > 0 ? "A stolen password is enough." : undefined} />
          <Line term="Not seen for 90 days" value={members(people.inactive, { unseen: "90", state: "active" })} warn={people.inactive > 0 ? "Deactivate whom you don’t expect back." : undefined} />
          <Line term="Deactivated" value={members(people.deactivated, { state: "deactivated" })} />
          <Line
            term="Open invitations"
            value={
              <Link to={paths.invitations} params={{ account }} className="link">
                {formatCount(people.invitations)}
              </Link>
            }
          />
        </dl>
      </Panel>
      <Panel title="API keys" aside={plural(keys.active, "active key")} flush>
        {keys.workspaces.length === 0 ? (
          <p className="muted" style={{ margin: 0, padding: 12 }}>
            There are none.
          </p>
        ) : (
          <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Keys by workspace">
            <table className={styles["table"]}>
              <thead>
                <tr>
                  <th scope="col">Workspace</th>
                  <th scope="col">Active</th>
                  <th scope="col">Stale</th>
                  <th scope="col">Without an end</th>
                </tr>
              </thead>
              <tbody>
                {keys.workspaces.map((workspace) => (
                  <tr key={workspace.id}>
                    <th scope="row">{workspace.name}</th>
                    {(["active", "stale", "endless"] as const).map((state) => (
                      <td key={state} data-warn={(state !== "active" && workspace[state] > 0) || undefined}>
                        <Link to={paths.settings} params={{ workspace: workspace.slug }} search={{ tab: "keys", state }} className="link">
                          {formatCount(workspace[state])}
                        </Link>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {keys.orphaned > 0 && (
          <p className={styles["hint"]} style={{ color: "var(--warn-text)" }}>
            {plural(keys.orphaned, "key")} of people who have left: {keys.orphaned === 1 ? "it does" : "they do"} nothing any more. Revoke what you see of them.
          </p>
        )}
        <p className={styles["hint"]}>{keys.service > 0 && `${plural(keys.service, "key")} ${keys.service === 1 ? "is" : "are"} held by service accounts. `}Stale: active, and not used for 90 days or never.</p>
      </Panel>
    </div>
  );
}

interface MembersLinkProps {
  readonly account: string;
  readonly count: number;
  readonly search: { readonly state?: "active" | "deactivated"; readonly role?: "OWNER"; readonly mfa?: "false"; readonly unseen?: "90" };
}

function MembersLink({ account, count, search }: MembersLinkProps) {
  return (
    <Link to={paths.members} params={{ account }} search={search} className="link">
      {formatCount(count)}
    </Link>
  );
}

interface LineProps {
  readonly term: string;
  readonly value: ReactNode;
  readonly note?: string;
  readonly warn?: string | undefined;
}

function Line({ term, value, note, warn }: LineProps) {
  return (
    <div className={styles["number"]} data-warn={warn !== undefined || undefined}>
      <dt>
        {term}
        {note !== undefined && <span className={styles["under"]}>{note}</span>}
        {warn !== undefined && <span className={styles["warn"]}>{warn}</span>}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}
