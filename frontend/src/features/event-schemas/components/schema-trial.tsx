import { Link } from "@tanstack/react-router";

import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { trialSentence } from "@/features/event-schemas/model";
import { termOf } from "@/lib/query-terms";
import { useWorkspace } from "@/lib/workspace";
import type { SchemaTrial as Trial } from "@/schema/wire/event-schemas";

import styles from "./schemas.module.css";

/** What a schema would have made of the newest events, with some that don't fit. */
export function SchemaTrial({ trial }: { readonly trial: Trial }) {
  const { slug: workspace } = useWorkspace();
  return (
    <div className={styles["trial"]} role="status">
      <p>{trialSentence(trial)}</p>
      {trial.samples.length > 0 && (
        <ul className={styles["misfits"]} aria-label="Events that don’t fit">
          {trial.samples.map((each) => (
            <li key={each.id}>
              <Link to={paths.events} params={{ workspace }} search={{ q: termOf("name", each.name), event: each.id }}>
                {each.name}
              </Link>
              , <RelativeTime at={each.occurred_at} />: {each.field !== "" && <span className="mono">{each.field} </span>}
              {each.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
