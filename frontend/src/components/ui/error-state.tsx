import { Button } from "@mantine/core";

import { asApiError } from "@/lib/errors";

import { CopyId } from "./copy-id";
import styles from "./error-state.module.css";
import { Icon } from "./icon";

interface ErrorStateProps {
  readonly error: unknown;
  readonly what: string;
  readonly onRetry?: () => void;
}

/**
 * What happened, what to do, the request id to hand to support, and another try.
 *
 * What somebody's role does not show them is no failure: nothing broke, and another try ends the same.
 */
export function ErrorState({ error, what, onRetry }: ErrorStateProps) {
  const { message, requestId, status } = asApiError(error);
  const isClosed = status === 403;
  return (
    <section className={styles["error"]} data-closed={isClosed} role="alert">
      <span className={styles["icon"]}>
        <Icon name={isClosed ? "lock" : "alert"} size={18} />
      </span>
      <div className={styles["body"]}>
        <h2 className={styles["title"]}>{titleOf(status, what)}</h2>
        <p className={styles["text"]}>
          {status === 404 ? "It may have been deleted, or it belongs to another workspace." : message}
        </p>
        {requestId !== null && (
          <p className={styles["request"]}>
            Request <CopyId id={requestId} label="request id" full />
          </p>
        )}
      </div>
      {onRetry !== undefined && !isClosed && (
        <Button variant="default" onClick={onRetry} leftSection={<Icon name="retry" size={14} />}>
          Try again
        </Button>
      )}
    </section>
  );
}

function titleOf(status: number, what: string): string {
  if (status === 403) return `No access to the ${what}`;
  return status === 404 ? `No such ${what}` : `Loading the ${what} didn’t work`;
}
