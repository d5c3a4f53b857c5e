import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ActionFields } from "@/features/automations/components/action-fields";
import { emptyAction, faultsAt, type ActionDraft } from "@/features/automations/draft";
import type { Faults } from "@/features/automations/length";
import { ACTION_WORDS } from "@/features/automations/model";
import { useDenial } from "@/lib/workspace";
import type { ActionKind } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface ActionsEditorProps {
  readonly actions: readonly ActionDraft[];
  readonly hasEvent: boolean;
  readonly faults: Faults;
  readonly onChange: (actions: readonly ActionDraft[]) => void;
}

const MOST = 10;

/** The second half of the sentence. Who adds an action must be able to do it by hand. */
export function ActionsEditor({ actions, hasEvent, faults, onChange }: ActionsEditorProps) {
  const full = actions.length >= MOST ? `An automation has at most ${MOST} actions.` : null;
  const denials: Readonly<Record<ActionKind, string | null>> = {
    notify: useDenial("channels:read"),
    run_deployment: useDenial("runs:write"),
    cancel_run: useDenial("runs:cancel"),
    webhook: null,
  };
  const kinds = ["notify", "run_deployment", "cancel_run", "webhook"] as const;
  const pointless = (kind: ActionKind) => (kind === "cancel_run" && !hasEvent ? "Where nothing happened there is no run to cancel." : null);
  return (
    <div className={styles["stack"]}>
      {actions.length === 0 && <p className={styles["quiet"]}>Nothing yet: it fires and stands in the history, and that is all.</p>}
      {actions.map((action, place) => (
        <ActionFields
          key={action.key}
          action={action}
          place={place}
          faults={faults}
          hasEvent={hasEvent}
          onChange={(part) => onChange(actions.map((each) => (each.key === action.key ? { ...each, ...part } : each)))}
          onRemove={() => onChange(actions.filter((each) => each.key !== action.key))}
        />
      ))}
      {faults["actions"] !== undefined && (
        <p className={styles["wrong"]} role="alert">
          {faultsAt({ actions: faults["actions"] }, "actions")}
        </p>
      )}
      <div className={styles["buttons"]} role="group" aria-label="Add an action">
        {kinds.map((kind) => (
          <GuardedButton
            key={kind}
            variant="default"
            size="xs"
            reason={full ?? denials[kind] ?? pointless(kind)}
            leftSection={<Icon name="plus" size={12} />}
            onClick={() => onChange([...actions, emptyAction(kind)])}
          >
            {ACTION_WORDS[kind]}
          </GuardedButton>
        ))}
      </div>
    </div>
  );
}
