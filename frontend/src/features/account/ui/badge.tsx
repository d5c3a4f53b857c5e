import { Icon, type IconName } from "@/components/ui/icon";

import styles from "./account.module.css";

interface BadgeProps {
  readonly icon: IconName;
  readonly tone: "good" | "warn" | "bad" | "off" | "open";
  readonly children: string;
}

/** How something stands: a shape, a colour and a word. */
export function Badge({ icon, tone, children }: BadgeProps) {
  return (
    <span className={styles["badge"]} data-tone={tone}>
      <Icon name={icon} size={13} /> {children}
    </span>
  );
}
