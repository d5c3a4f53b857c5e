import { Switch } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Refusal } from "@/components/ui/refusal";
import { paths } from "@/config/paths";
import { accountKeys } from "@/features/account/api/keys";
import { setRequireMfa } from "@/features/account/api/security";
import { useAccount } from "@/lib/account";
import { plural } from "@/lib/units";
import type { SecuritySummary } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

/** The switch, with whom it shuts out until they have set one up. */
export function RequireMfa({ summary }: { readonly summary: SecuritySummary }) {
  const account = useAccount();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: (required: boolean) => setRequireMfa(account.id, required),
    onSuccess: () => {
      setAsking(false);
      return Promise.all([client.invalidateQueries({ queryKey: accountKeys.all(account.id) }), client.invalidateQueries({ queryKey: ["me"] })]);
    },
  });
  const { without_mfa } = summary.people;
  const affected = without_mfa === 0 ? "Every member has one already." : `${plural(without_mfa, "member")} ${without_mfa === 1 ? "has" : "have"} none and would have to set one up before they see anything again.`;
  return (
    <div className={styles["section"]}>
      <Switch
        label="Everybody needs a second factor"
        checked={summary.require_mfa}
        onChange={() => {
          if (summary.require_mfa) change.mutate(false);
          else setAsking(true);
        }}
      />
      <p className={styles["under"]} style={{ whiteSpace: "normal" }}>
        {summary.require_mfa ? "Who has none is led to setting one up and sees nothing of the account until then. Sign-on that brings its own counts; API keys are not affected." : affected}{" "}
        {without_mfa > 0 && (
          <Link to={paths.members} params={{ account: account.id }} search={{ mfa: "false", state: "active" }} className="link">
            Who they are
          </Link>
        )}
      </p>
      {change.error !== null && !asking && <Refusal error={change.error} />}
      <ConfirmDialog
        opened={asking}
        title="Require a second factor"
        verb="Require it"
        back="Not now"
        busy={change.isPending}
        error={change.error}
        onConfirm={() => change.mutate(true)}
        onClose={() => setAsking(false)}
      >
        It counts at once, for open sessions too. {affected} API keys go on working. You can switch it off again.
      </ConfirmDialog>
    </div>
  );
}
