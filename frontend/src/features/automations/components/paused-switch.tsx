import { Switch, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { automationKeys, changeAutomation } from "@/features/automations/api/automations";
import { asApiError } from "@/lib/errors";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { AutomationRow } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface PausedSwitchProps {
  readonly automation: Pick<AutomationRow, "id" | "name" | "paused">;
  readonly label?: boolean;
}

/** On: it watches. Off: it is paused, and what it had collected is dropped. */
export function PausedSwitch({ automation, label = false }: PausedSwitchProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("automations:write");
  const change = useMutation({
    mutationFn: (paused: boolean) => changeAutomation(slug, automation.id, { paused }),
    onSuccess: () => client.invalidateQueries({ queryKey: automationKeys.all(slug) }),
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  // What was asked for is shown while it is on its way.
  const paused = change.isPending ? change.variables : automation.paused;
  return (
    // What is hovered is the frame: the input itself has no size.
    <Tooltip label={denial ?? (paused ? "Paused: it watches for nothing" : "It watches; switch off to pause")} refProp="rootRef" multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Switch
        className={denial === null ? undefined : styles["off"]}
        aria-label={`${automation.name} watches`}
        aria-disabled={denial !== null}
        aria-description={denial ?? undefined}
        label={label ? (paused ? "Paused" : "Watching") : undefined}
        checked={!paused}
        onChange={() => {
          if (denial === null && !change.isPending) change.mutate(!automation.paused);
        }}
      />
    </Tooltip>
  );
}
