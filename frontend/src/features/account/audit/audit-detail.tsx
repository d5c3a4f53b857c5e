import { Button } from "@mantine/core";

import { CopyId } from "@/components/ui/copy-id";
import { Facts } from "@/components/ui/facts";
import { changesOf, valueText } from "@/features/account/model";
import type { AuditSearch } from "@/features/account/search";
import { formatExact } from "@/lib/time";
import type { AuditEntry } from "@/schema/wire/account";

import styles from "./audit.module.css";

interface AuditDetailProps {
  readonly entry: AuditEntry;
  readonly onNarrow: (change: Partial<AuditSearch>) => void;
}

/** What changed, value by value, and where the change came from. */
export function AuditDetail({ entry, onNarrow }: AuditDetailProps) {
  const changes = changesOf(entry.before, entry.after);
  const { actor, object } = entry;
  return (
    <div className={styles["detail"]}>
      {changes.length > 0 && (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Changes">
          <table className={styles["diff"]}>
            <thead>
              <tr>
                <th scope="col">Value</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.path}>
                  <th scope="row">{change.path}</th>
                  <td data-side="before">{change.before === undefined ? <span className="muted">–</span> : <del>{valueText(change.before)}</del>}</td>
                  <td data-side="after">{change.after === undefined ? <span className="muted">–</span> : <ins>{valueText(change.after)}</ins>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Facts
        facts={[
          { term: "When", value: formatExact(entry.occurred_at) },
          { term: "Action", value: <span className="mono">{entry.action}</span> },
          { term: "From", value: entry.address === null ? "–" : <span className="mono">{entry.address}</span> },
          { term: "With", value: entry.user_agent === "" ? "–" : entry.user_agent },
          ...(entry.request_id === null || entry.request_id === "" ? [] : [{ term: "Request", value: <CopyId id={entry.request_id} label="request id" /> }]),
          ...(object.id === null || object.id === "" ? [] : [{ term: `Id of the ${object.kind.replaceAll("_", " ")}`, value: <CopyId id={object.id} label="object id" /> }]),
        ]}
      />
      <div className={styles["narrow"]}>
        {object.id !== null && object.id !== "" && (
          <Button variant="default" size="compact-xs" onClick={() => onNarrow({ object: object.id ?? undefined, kind: object.kind })}>
            All of {object.name === "" ? "this object" : object.name}
          </Button>
        )}
        {actor.id !== null && (
          <Button variant="default" size="compact-xs" onClick={() => onNarrow({ actor: actor.id ?? undefined })}>
            All by {actor.name === "" ? "this actor" : actor.name}
          </Button>
        )}
        <Button variant="default" size="compact-xs" onClick={() => onNarrow({ action: entry.action })}>
          All “{entry.action}”
        </Button>
      </div>
    </div>
  );
}
