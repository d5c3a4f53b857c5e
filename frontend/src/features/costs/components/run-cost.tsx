import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { runCostQuery } from "@/features/costs/api/costs";
import { formatMoney, moneyText, PER_WORDS, quantityText, unpricedText } from "@/features/costs/model";
import { useWorkspace } from "@/lib/workspace";
import type { CostLine, RunCost } from "@/schema/wire/costs";

import styles from "./costs.module.css";

interface RunCostProps {
  readonly runId: string;
  /** It has not ended: what it cost so far. */
  readonly going: boolean;
}

const PANEL = "cost-of-run";

/** One amount, for the header of a run; leads down to what it is made of. */
export function RunCostFact({ runId, going }: RunCostProps) {
  const { slug } = useWorkspace();
  const cost = useQuery(runCostQuery(slug, runId, going));
  if (cost.isPending) return <span className="muted">…</span>;
  if (cost.isError) return <span className="muted">could not be read</span>;
  const { data } = cost;
  if (data.lines.length === 0) return <span className="muted">{going ? "nothing so far" : "nothing"}</span>;
  return (
    <a href={`#${PANEL}`} className="link">
      {amountOf(data)}
      {going && " so far"}
    </a>
  );
}

function amountOf(cost: RunCost): string {
  if (cost.money.length > 0) return `${moneyText(cost.money)}${cost.unpriced.length > 0 ? " and more" : ""}`;
  return cost.unpriced.length > 0 ? "unknown" : "free";
}

/** What the amount is made of; nothing of a run that used only its own pool, and for free. */
export function RunCostPanel({ runId, going }: RunCostProps) {
  const { slug } = useWorkspace();
  const { data } = useQuery(runCostQuery(slug, runId, going));
  if (data === undefined || data.lines.every((line) => line.is_free)) return <span id={PANEL} />;
  return (
    <section id={PANEL} className={styles["ofRun"]} aria-label="What it cost">
      <Panel title="What it cost" aside={amountOf(data)} flush>
        <table className={styles["table"]} aria-label="What the run used">
          <tbody>
            {data.lines.map((line) => (
              <tr key={`${line.kind} ${line.subject} ${line.unit} ${line.price ?? ""}`}>
                <td>{line.subject}</td>
                <td>{quantityText(line.quantity, line.unit)}</td>
                <td className={styles["wide"]}>{rateText(line)}</td>
                <td className={styles["number"]}>{line.amount === null || line.currency === null ? <span className="muted">{line.is_free ? "free" : "unknown"}</span> : formatMoney(line.amount, line.currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      {data.unpriced.length > 0 && (
        <p className={styles["note"]} role="note">
          Nobody has said what {unpricedText(data.unpriced)} costs.{" "}
          <Link to={paths.settings} params={{ workspace: slug }} search={{ tab: "prices" }} className="link">
            Say what it costs
          </Link>
        </p>
      )}
    </section>
  );
}

function rateText(line: CostLine): string {
  if (line.price === null || line.currency === null) return "";
  return `${line.currency} ${line.price} a ${PER_WORDS[line.unit]}${line.is_example ? ", an example" : ""}`;
}
