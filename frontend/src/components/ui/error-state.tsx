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

/** What happened, what to do, the request id to hand to support, and another try. */
export function ErrorState({ error, what, onRetry }: ErrorStateProps) {
  const { message, requestId, status } = asApiError(error);
  return (
    <section className={styles["error"]} role="alert">
      <span className={styles["icon"]}>
        <Icon name="alert" size={18} />
      </span>
      <div className={styles["body"]}>
        <h2 className={styles["title"]}>{status === 404 ? `No such ${what}` : `Loading the ${what} didn’t work`}</h2>
        <p className={styles["text"]}>
          {status === 404 ? "It may have been deleted, or it belongs to another workspace." : message}
        </p>
        {requestId !== null && (
          <p className={styles["request"]}>
            Request <CopyId id={requestId} label="request id" full />
          </p>
        )}
      </div>
      {onRetry !== undefined && (
        <Button variant="default" onClick={onRetry} leftSection={<Icon name="retry" size={14} />}>
          Try again
        </Button>
      )}
    </section>
  );
}
