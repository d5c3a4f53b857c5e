import { TextInput } from "@mantine/core";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { rename } from "@/features/me/api/person";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";

import styles from "./rows.module.css";

const unguarded = <T,>(action: () => Promise<T>) => action();

export function NameForm({ name }: { readonly name: string }) {
  const [value, setValue] = useState(name);
  const saving = useChange({ guard: unguarded, run: rename, reads: [["me"]], said: () => "Your name is saved." });
  return (
    <Panel title="Name">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (value.trim() !== name) saving.mutate(value.trim());
        }}
      >
        <TextInput
          className={styles["field"] ?? ""}
          aria-label="Name"
          description="What colleagues see beside what you do."
          inputWrapperOrder={["input", "description", "error"]}
          maxLength={120}
          autoComplete="name"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          error={saving.error === null ? null : (asApiError(saving.error).fields["name"]?.[0] ?? asApiError(saving.error).message)}
        />
        <GuardedButton variant="default" reason={value.trim() === name ? "Nothing has changed." : null} loading={saving.isPending}>
          Save name
        </GuardedButton>
      </form>
    </Panel>
  );
}
