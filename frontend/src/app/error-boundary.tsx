import type { ErrorComponentProps } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";

/** The last net: a page that could not be drawn says so and offers another try, the shell around it stays. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  return (
    <div style={{ padding: 24, maxWidth: 720 }}>
      <ErrorState error={error} what="page" onRetry={reset} />
    </div>
  );
}
