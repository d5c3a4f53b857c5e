import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Panel } from "@/components/ui/panel";
import { Refusal } from "@/components/ui/refusal";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { dropRule, rulesQuery } from "@/features/account/api/grants";
import { accountKeys } from "@/features/account/api/keys";
import { ruleWords, titled } from "@/features/account/model";
import { plural, shortenId } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { ObjectRule } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

/** All rules that narrow who may do what to single objects of the workspace. */
export function RuleList() {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("roles:manage");
  const rules = useQuery(rulesQuery(slug));
  const drop = useMutation({
    mutationFn: (id: string) => dropRule(slug, id),
    onSuccess: () => client.invalidateQueries({ queryKey: accountKeys.access(slug) }),
  });
  return (
    <Panel title="Rules on single objects" aside={rules.data === undefined ? undefined : plural(rules.data.items.length, "rule")} flush>
      {rules.isPending && <SkeletonRows rows={2} label="rules" />}
      {rules.isError && <ErrorState error={rules.error} what="rules" onRetry={() => void rules.refetch()} />}
      {rules.data?.items.length === 0 && (
        <p className="muted" style={{ margin: 0, padding: 12 }}>
          None: a role counts for every deployment and pool. Narrow one on its own page, under “Who may run this”.
        </p>
      )}
      {(rules.data?.items ?? []).map((rule) => (
        <div key={rule.id} className={styles["line"]} style={{ borderBottom: "1px solid var(--line)" }}>
          <span className={styles["grow"]}>
            <ObjectLink rule={rule} />
            <span className={styles["under"]}>
              <span className="mono">{rule.scope}</span> only for {ruleWords(rule)}
            </span>
          </span>
          <GuardedIcon icon="trash" label="Take the rule away" name={`Take the rule away that leaves ${rule.object_name ?? "it"} to ${ruleWords(rule)}`} reason={denial} onClick={() => drop.mutate(rule.id)} />
        </div>
      ))}
      {drop.error !== null && <Refusal error={drop.error} />}
    </Panel>
  );
}

function ObjectLink({ rule }: { readonly rule: ObjectRule }) {
  const { slug: workspace } = useWorkspace();
  const name = `${titled(rule.object_kind)} ${rule.object_name ?? shortenId(rule.object_id)}`;
  if (rule.object_kind === "DEPLOYMENT") {
    return (
      <Link to={paths.deployment} params={{ workspace, deploymentId: rule.object_id }} className={styles["name"]}>
        {name}
      </Link>
    );
  }
  if (rule.object_kind === "POOL") {
    return (
      <Link to={paths.pools} params={{ workspace }} search={{ pool: rule.object_id }} className={styles["name"]}>
        {name}
      </Link>
    );
  }
  return <span className={styles["name"]}>{name}</span>;
}
