import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Panel } from "@/components/ui/panel";
import { connectedQuery, disconnect, type Connected } from "@/features/me/api/security";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { Row } from "@/features/me/components/row";
import { meKeys } from "@/features/me/keys";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";
import type { Guard } from "@/lib/guard";

import styles from "./rows.module.css";

interface ServicesPanelProps {
  readonly services: readonly { readonly id: string; readonly name: string }[];
  readonly connect: (service: string) => Promise<string>;
  /** What went wrong on the way back from a service. */
  readonly problem: string | null;
  readonly guard: Guard;
}

/** Logins at other services that get in here too. Not drawn where there are none. */
export function ServicesPanel({ services, connect, problem, guard }: ServicesPanelProps) {
  const query = useQuery(connectedQuery);
  const [leaving, setLeaving] = useState<Connected | null>(null);
  const going = useChange({ guard, run: connect, reads: [], onDone: (address) => window.location.assign(address) });
  const parting = useChange({ guard, run: disconnect, reads: [meKeys.services], onDone: () => setLeaving(null) });
  const connected = query.data ?? [];
  const open = services.filter(({ id }) => !connected.some((each) => each.provider.id === id));
  if (services.length === 0 && connected.length === 0) return null;
  const refusal = going.error === null ? problem : asApiError(going.error).message;
  return (
    <Panel title="Other services" flush>
      <ul className={styles["rows"]} aria-label="Other services">
        {connected.map((each) => (
          <Row key={`${each.provider.id}/${each.uid}`} name={each.provider.name} detail={each.display}>
            <Button variant="default" size="xs" onClick={() => setLeaving(each)}>
              Disconnect
            </Button>
          </Row>
        ))}
        {open.map(({ id, name }) => (
          <Row key={id} name={name} detail="Not connected">
            <Button variant="default" size="xs" loading={going.isPending && going.variables === id} onClick={() => going.mutate(id)}>
              Connect
            </Button>
          </Row>
        ))}
      </ul>
      {refusal !== null && (
        <p role="alert" style={{ margin: 0, padding: "8px 12px", color: "var(--danger-text)" }}>
          {refusal}
        </p>
      )}
      {leaving !== null && (
        <AskDialog
          title={`Disconnect ${leaving.provider.name}?`}
          verb="Disconnect"
          danger
          busy={parting.isPending}
          error={parting.error}
          onConfirm={() => parting.mutate(leaving)}
          onClose={() => setLeaving(null)}
        >
          <p style={{ margin: 0 }}>Signing in at {leaving.provider.name} no longer gets you in here.</p>
        </AskDialog>
      )}
    </Panel>
  );
}
