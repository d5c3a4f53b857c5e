import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Facts } from "@/components/ui/facts";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { TOLD, type Totals } from "@/features/query-log/model";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./query-log.module.css";

interface ImportOutcomeProps {
  readonly name: string;
  readonly totals: Totals;
  readonly onAnother: () => void;
}

/** What became of a file's rows; every number leads to what it counts. */
export function ImportOutcome({ name, totals, onAnother }: ImportOutcomeProps) {
  const { slug: workspace } = useWorkspace();
  const { accepted, duplicates, skipped, rejected, lines } = totals;
  const toEvents = (count: number) => (
    <Link to={paths.events} params={{ workspace }} search={{ q: "name:query.*", range: "30d" }} className="link">
      {formatCount(count)}
    </Link>
  );
  const refused = (
    <Link to={paths.refused} params={{ workspace }} search={{ door: "query-log" }} className="link">
      {formatCount(rejected)}
    </Link>
  );
  return (
    <div className={styles["done"]}>
      <section className={styles["sending"]} aria-label="Import" role="status">
        <h2 className={styles["title"]}>
          <Icon name={rejected === 0 ? "check" : "alert"} size={15} /> {sentence(name, totals)}
        </h2>
        <Facts
          facts={[
            { term: "Taken", value: toEvents(accepted) },
            { term: "There already", value: toEvents(duplicates) },
            { term: "Of no query", value: formatCount(skipped) },
            { term: "Refused", value: refused },
          ]}
        />
      </section>
      {lines.length > 0 && (
        <Panel title="Refused lines" flush aside={rejected > lines.length ? `the first ${formatCount(Math.min(TOLD, lines.length))} of ${formatCount(rejected)}` : plural(rejected, "line")}>
          <ul className={styles["lines"]} aria-label="Refused lines">
            {lines.map((each) => (
              <li key={`${each.line} ${each.code}`}>
                <span className={styles["line"]}>Line {formatCount(each.line)}</span>
                <span>{each.message}</span>
                <span className="mono muted">{each.field ?? each.code}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <div className={styles["next"]}>
        <Button onClick={onAnother}>Import another file</Button>
        <Button variant="default" renderRoot={(props) => <Link to={paths.world} params={{ workspace }} {...props} />}>
          See the world
        </Button>
      </div>
    </div>
  );
}

function sentence(name: string, { accepted, duplicates, rejected }: Totals): string {
  if (accepted > 0) return `${plural(accepted, "query", "queries")} of ${name} ${accepted === 1 ? "is" : "are"} new`;
  if (duplicates > 0) return `All of ${name} was there already`;
  return rejected > 0 ? `Nothing of ${name} could be taken` : `${name} tells of no query`;
}
