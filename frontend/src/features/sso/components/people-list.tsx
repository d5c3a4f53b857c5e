import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { peopleQuery, ssoKey, unlinkPerson } from "@/features/sso/api/sso";
import { Problem } from "@/features/sso/components/problem";

import styles from "./sso.module.css";

/** Who signs in by a connection; each can be unlinked when the provider gave them another subject. */
export function PeopleList({ account, connection }: { readonly account: string; readonly connection: string }) {
  const client = useQueryClient();
  const people = useQuery(peopleQuery(account, connection));
  const unlink = useMutation({
    mutationFn: (id: string) => unlinkPerson(account, connection, id),
    onSuccess: () => client.invalidateQueries({ queryKey: ssoKey(account) }),
  });
  if (people.isPending) return <SkeletonRows rows={3} height={32} label="people" />;
  if (people.isError) return <ErrorState error={people.error} what="people" onRetry={() => void people.refetch()} />;
  return (
    <>
      <ul className={styles["list"]} aria-label="People who sign in by it">
        {people.data.items.map((person) => (
          <li key={person.id} className={styles["row"]} style={{ padding: "6px 0", borderTop: "1px solid var(--line)" }}>
            <span className={styles["grow"]}>
              {person.user.name} <span className="muted">{person.email}</span>
            </span>
            <span className="mono muted" title={person.subject} style={{ maxWidth: 220, overflow: "hidden", textOverflow: "ellipsis" }}>
              {person.subject}
            </span>
            <RelativeTime at={person.last_signed_in_at} />
            <Button variant="default" loading={unlink.isPending && unlink.variables === person.id} onClick={() => unlink.mutate(person.id)} aria-label={`Unlink ${person.user.name}`}>
              Unlink
            </Button>
          </li>
        ))}
      </ul>
      {unlink.error !== null && <Problem error={unlink.error} />}
    </>
  );
}
