import { BillingLink } from "@/features/billing/components/billing-link";

import styles from "./billing.module.css";

/** The two pages about money. */
export function BillingNav() {
  return (
    <nav className={styles["tabs"]} aria-label="Usage and plan">
      <BillingLink page="usage" className={styles["tab"]}>
        Usage
      </BillingLink>
      <BillingLink page="plan" className={styles["tab"]}>
        Plan
      </BillingLink>
    </nav>
  );
}
