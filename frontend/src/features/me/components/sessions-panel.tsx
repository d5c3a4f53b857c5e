import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { endSessions, sessionsQuery } from "@/features/me/api/sessions";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { Moment } from "@/features/me/components/moment";
import { Row } from "@/features/me/components/row";
import { meKeys } from "@/features/me/keys";
import { describeDevice } from "@/features/me/model";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";

import styles from "./rows.module.css";

const unguarded = <T,>(action: () => Promise<T>) => action();

export function SessionsPanel() {
  const query = useQuery(sessionsQuery);
  const [asking, setAsking] = useState(false);
  const ending = useChange({
    guard: unguarded,
    run: endSessions,
    reads: [meKeys.sessions],
    said: (_, ids) => (ids.length === 1 ? "The session has ended." : `${ids.length} sessions have ended.`),
    onDone: () => setAsking(false),
  });
  const others = (query.data ?? []).filter((each) => !each.is_current);

  return (
    <Panel
      title="Where you are signed in"
      aside={
        others.length > 1 && (
          <Button variant="default" size="xs" onClick={() => setAsking(true)}>
            End all others
          </Button>
        )
      }
      flush
    >
      {query.isPending ? (
        <SkeletonRows rows={3} height={52} label="sessions" />
      ) : query.isError ? (
        <ErrorState error={query.error} what="sessions" onRetry={() => void query.refetch()} />
      ) : (
        <ul className={styles["rows"]} aria-label="Sessions">
          {query.data.map((session) => (
            <Row
              key={session.id}
              name={<span title={session.user_agent}>{describeDevice(session.user_agent)}</span>}
              badges={session.is_current ? ["this one"] : []}
              detail={
                <>
                  {session.ip} · {session.is_current ? "now" : <Moment at={session.last_seen_at} />} · signed in{" "}
                  <Moment at={session.created_at} />
                </>
              }
            >
              {!session.is_current && (
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`End the session of ${describeDevice(session.user_agent)}, ${session.ip}`}
                  loading={ending.isPending && ending.variables.includes(session.id)}
                  onClick={() => ending.mutate([session.id])}
                >
                  End
                </Button>
              )}
            </Row>
          ))}
        </ul>
      )}
      {others.length === 0 && query.isSuccess && (
        <p className="muted" style={{ margin: 0, padding: "12px", borderTop: "1px solid var(--line)" }}>
          You are signed in nowhere else. A new sign-in from a browser that you did not use before is told you by mail.
        </p>
      )}
      {ending.error !== null && !asking && (
        <p role="alert" style={{ margin: 0, padding: "8px 12px", color: "var(--danger-text)" }}>
          {asApiError(ending.error).message}
        </p>
      )}
      {asking && (
        <AskDialog
          title="End all other sessions?"
          verb={`End ${others.length} sessions`}
          danger
          busy={ending.isPending}
          error={ending.error}
          onConfirm={() => ending.mutate(others.map((each) => each.id))}
          onClose={() => setAsking(false)}
        >
          <p style={{ margin: 0 }}>You stay signed in here. Everywhere else the page asks to log in again, at once.</p>
        </AskDialog>
      )}
    </Panel>
  );
}
