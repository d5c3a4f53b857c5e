import { Icon } from "@/components/ui/icon";
import { StateIcon } from "@/components/ui/state-icon";
import { poolProblem } from "@/features/pools/model";
import { formatCount, plural } from "@/lib/units";
import type { Pool } from "@/schema/wire/pools";

import styles from "./pools.module.css";

interface PoolCardsProps {
  readonly pools: readonly Pool[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

export function PoolCards({ pools, chosen, onChoose }: PoolCardsProps) {
  return (
    <div className={styles["cards"]} role="group" aria-label="Pools">
      {pools.map((pool) => {
        const problem = poolProblem(pool);
        return (
          <button key={pool.id} type="button" className={styles["card"]} aria-pressed={pool.id === chosen} onClick={() => onChoose(pool.id)}>
            <span className={styles["cardName"]}>
              {pool.name}
              <span className="muted" style={{ fontWeight: 400 }}>
                {pool.kind === "MANAGED" ? "managed compute" : plural(pool.agents_online, "agent")}
              </span>
            </span>
            <span className={styles["numbers"]}>
              <span className={styles["online"]}>
                <StateIcon kind="running" /> {formatCount(pool.running)} running
              </span>
              <span className={styles["online"]}>
                <StateIcon kind="scheduled" /> {formatCount(pool.queued)} waiting
              </span>
            </span>
            {problem !== null && (
              <span className={styles["problem"]}>
                <Icon name="alert" size={14} />
                {problem}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}
