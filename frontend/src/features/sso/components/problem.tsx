import { asApiError } from "@/lib/errors";

interface ProblemProps {
  readonly error: unknown;
  /** What follows the message. */
  readonly more?: string;
}

/** Why it wasn't done. */
export function Problem({ error, more = "" }: ProblemProps) {
  return (
    <p role="alert" style={{ margin: 0, color: "var(--danger-text)", overflowWrap: "anywhere" }}>
      {asApiError(error).message} {more}
    </p>
  );
}
