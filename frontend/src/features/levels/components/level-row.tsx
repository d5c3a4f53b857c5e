import { GuardedIcon } from "@/components/ui/guarded-icon";
import { GuardedSwitch } from "@/components/ui/guarded-switch";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { LevelBreaches } from "@/features/levels/components/level-breaches";
import { levelWords, nextCheck } from "@/features/levels/model";
import { useMay } from "@/lib/may";
import { useNow } from "@/lib/now";
import type { Level } from "@/schema/wire/levels";

import styles from "./levels.module.css";

interface LevelRowProps {
  readonly level: Level;
  /** Its deployment is paused, so nothing is promised. */
  readonly asleep: boolean;
  /** Whether its breaches are shown. */
  readonly open: boolean;
  readonly busy: boolean;
  readonly onToggle: () => void;
  readonly onPause: (paused: boolean) => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

/** One promise: in words, when it is looked at next, and when it was broken last. */
export function LevelRow({ level, asleep, open, busy, onToggle, onPause, onEdit, onDelete }: LevelRowProps) {
  const denial = useMay(level.may, "deployments:write");
  const words = levelWords(level);
  const broken = level.last_breach;
  return (
    <li>
      <div className={styles["row"]}>
        <GuardedSwitch reason={denial} label={`Service level ${words} active`} checked={!level.paused} busy={busy} onChange={(on) => onPause(!on)} />
        <div className={styles["what"]}>
          <button type="button" className={styles["words"]} aria-expanded={open} onClick={onToggle}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={12} /> <span>{upperFirst(words)}</span>
          </button>
          <span className={styles["under"]}>
            <NextCheck level={level} asleep={asleep} />
          </span>
        </div>
        <span className={styles["last"]} data-broken={broken !== null}>
          {broken === null ? (
            "Never broken"
          ) : (
            <>
              Broken <RelativeTime at={broken.due_at} />
            </>
          )}
        </span>
        <span className={styles["actions"]}>
          <GuardedIcon icon="edit" label="Change" name={`Change: ${words}`} reason={denial} onClick={onEdit} />
          <GuardedIcon icon="trash" label="Delete" name={`Delete: ${words}`} reason={denial} onClick={onDelete} />
        </span>
      </div>
      {open && <LevelBreaches level={level} />}
    </li>
  );
}

function NextCheck({ level, asleep }: { readonly level: Level; readonly asleep: boolean }) {
  const next = nextCheck(level, useNow());
  if (level.paused || next === "never") return "Paused: nothing is promised";
  if (asleep) return "Not while the deployment is paused";
  if (next === "always") return level.kind === "LASTS_AT_MOST" ? "Each run is watched while it goes on" : "Looked at all the time until a run succeeds";
  return (
    <>
      Next check <RelativeTime at={next.at} />
    </>
  );
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
