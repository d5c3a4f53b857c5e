import { useState } from "react";

import { Icon } from "@/components/ui/icon";
import { Traceback } from "@/components/ui/traceback";
import { asSentence, causeWords } from "@/lib/task-state";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** Why the run went wrong: the exception, how the process ended, and the traceback on demand. */
export function RunFailure({ run }: { readonly run: Run }) {
  const [open, setOpen] = useState(false);
  const cause = causeWords(run.cause);
  if (run.error === null && cause === null) return null;
  return (
    <section className={styles["failure"]} aria-label="Why it failed">
      {run.error !== null && (
        <p className={styles["failureLine"]}>
          <strong className="mono">{run.error.type}</strong> {run.error.message}
        </p>
      )}
      {cause !== null && <p className={styles["failureLine"]}>{asSentence(cause)}</p>}
      {run.error?.traceback !== null && run.error?.traceback !== undefined && run.error.traceback !== "" && (
        <>
          <button type="button" className={styles["disclose"]} aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={13} />
            Traceback
          </button>
          {open && <Traceback text={run.error.traceback} />}
        </>
      )}
    </section>
  );
}
