import type { PoolKind } from "@/schema/wire/pools";

import styles from "./pools.module.css";

/** What a kind of pool means, and how far it is known to work. */
export function KindNote({ kind }: { readonly kind: PoolKind }) {
  return (
    <p className={styles["small"]}>
      {kind.description}
      {kind.simulated && (
        <>
          {" "}
          <span className={styles["mark"]}>Simulated</span> Tested against a simulation of the service only, never the real one.
        </>
      )}
      {!kind.available && " This installation does not have it."}
    </p>
  );
}
