import { Button, PasswordInput } from "@mantine/core";
import { useState } from "react";

import { Panel } from "@/components/ui/panel";
import { changePassword } from "@/features/me/api/security";
import { meKeys } from "@/features/me/keys";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";
import type { Guard } from "@/lib/guard";

import styles from "./rows.module.css";

interface PasswordPanelProps {
  readonly hasPassword: boolean;
  /** What can be said about a new password without asking the server, or null. */
  readonly weakness: (password: string) => string | null;
  readonly guard: Guard;
}

export function PasswordPanel({ hasPassword, weakness, guard }: PasswordPanelProps) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [tried, setTried] = useState(false);
  const changing = useChange({
    guard,
    run: changePassword,
    reads: [meKeys.factors, meKeys.sessions],
    said: () => (hasPassword ? "Your password is changed; other sessions have ended." : "Your password is set."),
    onDone: () => {
      setCurrent("");
      setWanted("");
      setTried(false);
    },
  });
  const refusal = changing.error === null ? null : asApiError(changing.error);
  const weak = tried ? weakness(wanted) : null;
  const rest = refusal !== null && refusal.fields["current_password"] === undefined && refusal.fields["new_password"] === undefined;
  return (
    <Panel title="Password">
      <form
        noValidate
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (weakness(wanted) === null && (current !== "" || !hasPassword)) changing.mutate({ current, wanted });
        }}
      >
        {hasPassword && (
          <PasswordInput
            className={styles["field"] ?? ""}
            label="Present password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            error={refusal?.fields["current_password"]?.[0] ?? (tried && current === "" ? "Enter your present password." : null)}
          />
        )}
        <PasswordInput
          className={styles["field"] ?? ""}
          label="New password"
          autoComplete="new-password"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          error={refusal?.fields["new_password"]?.[0] ?? weak}
        />
        <Button type="submit" variant="default" mt={22} loading={changing.isPending}>
          {hasPassword ? "Change it" : "Set it"}
        </Button>
      </form>
      {rest && (
        <p role="alert" style={{ margin: "8px 0 0", color: "var(--danger-text)" }}>
          {refusal.message}
        </p>
      )}
    </Panel>
  );
}
