import { Icon, type IconName } from "@/components/ui/icon";
import type { Schema } from "@/schema/wire/schema";

import styles from "./pool-kind-icon.module.css";

type PoolKind = Schema<"PoolKindEnum">;

const KINDS: Readonly<Record<PoolKind, readonly [IconName, string]>> = {
  PROCESS: ["pools", "agents"],
  DOCKER: ["container", "agents with Docker"],
  KUBERNETES: ["wheel", "agents in Kubernetes"],
  ECS: ["cluster", "agents on ECS"],
  MANAGED: ["cloud", "managed compute"],
};

interface PoolKindIconProps {
  /** null: in no pool; the process was started by itself. */
  readonly pool: { readonly name: string; readonly kind: PoolKind } | null;
  readonly size?: number;
}

/** Where something runs: who executes what is in its pool. Says so to who hovers and to screen readers. */
export function PoolKindIcon({ pool, size = 14 }: PoolKindIconProps) {
  const [icon, words] = pool === null ? (["laptop", "local process"] as const) : KINDS[pool.kind];
  const name = pool === null ? "Local process" : `Pool ${pool.name}, ${words}`;
  return (
    <span role="img" aria-label={name} title={name} className={styles["icon"]}>
      <Icon name={icon} size={size} />
    </span>
  );
}
