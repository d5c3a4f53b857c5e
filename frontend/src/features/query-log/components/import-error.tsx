import { CopyId } from "@/components/ui/copy-id";
import { Icon } from "@/components/ui/icon";
import type { Totals } from "@/features/query-log/model";
import { asApiError } from "@/lib/errors";
import { plural } from "@/lib/units";

import styles from "./query-log.module.css";

interface ImportErrorProps {
  readonly error: unknown;
  readonly totals: Totals;
}

/** Why an import ended, what of the file is there, and that sending it again does no harm. */
export function ImportError({ error, totals }: ImportErrorProps) {
  const stopped = error instanceof Object && "name" in error && error.name === "AbortError";
  const { message, fields, requestId } = asApiError(error);
  const said = [message, ...Object.values(fields).flat()].filter((each, at, all) => all.indexOf(each) === at);
  const there = totals.accepted + totals.duplicates;
  return (
    <section className={styles["failed"]} role="alert">
      <Icon name="alert" size={16} />
      <div>
        <h2 className={styles["title"]}>{stopped ? "Stopped" : "The import didn’t come to its end"}</h2>
        <p>
          {!stopped && `${said.join(" ")} `}
          {there > 0 ? `${plural(there, "query", "queries")} of the file are there. ` : "Nothing of the file was stored. "}
          What is there is known when the file is sent again.
        </p>
        {requestId !== null && (
          <p>
            Request <CopyId id={requestId} label="request id" full />
          </p>
        )}
      </div>
    </section>
  );
}
