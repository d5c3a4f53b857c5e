import { Link } from "@tanstack/react-router";

import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { FiringDetail } from "@/features/automations/components/firing-detail";
import { attemptsAnswer } from "@/features/automations/model";
import { useWorkspace } from "@/lib/workspace";
import type { Firing } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface FiringRowProps {
  readonly firing: Firing;
  readonly named: boolean;
  readonly open: boolean;
  readonly active: boolean;
  readonly onToggle: () => void;
}

export function FiringRow({ firing, named, open, active, onToggle }: FiringRowProps) {
  const { slug: workspace } = useWorkspace();
  const { kind, text } = attemptsAnswer(firing.attempts);
  return (
    <li data-active={active || undefined} className={styles["firing"]}>
      <div className={styles["firingHead"]} data-named={named || undefined}>
        <button type="button" className={styles["toggle"]} aria-expanded={open} onClick={onToggle}>
          <Icon name={open ? "chevronDown" : "chevronRight"} size={13} />
          <span className={styles["when"]}>
            <RelativeTime at={firing.fired_at} />
          </span>
          <span className={styles["reason"]}>{firing.reason.text}</span>
        </button>
        {named && (
          <Link to={paths.automation} params={{ workspace, automationId: firing.automation.id }} className={`${styles["ofRule"]} link`}>
            {firing.automation.name}
          </Link>
        )}
        <span className={styles["answer"]}>
          <StateIcon kind={kind} size={13} />
          {text}
        </span>
      </div>
      {open && <FiringDetail firing={firing} />}
    </li>
  );
}
