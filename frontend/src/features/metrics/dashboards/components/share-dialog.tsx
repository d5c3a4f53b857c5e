import { Button, Group, Select, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Modal } from "@/components/ui/dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedSwitch } from "@/components/ui/guarded-switch";
import { Refusal } from "@/components/ui/refusal";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { allowSharing, createLink, linkKeys, linksQuery, sharingQuery } from "@/features/metrics/dashboards/links";
import type { Chosen } from "@/features/metrics/dashboards/variables";
import { PRESET_LABELS } from "@/lib/time";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Dashboard, DashboardRange } from "@/schema/wire/dashboards";

import { LinkRow } from "./link-row";
import styles from "./dashboards.module.css";

interface ShareDialogProps {
  readonly dashboard: Dashboard;
  /** What a new link shows: what the page shows now. */
  readonly range: DashboardRange;
  readonly chosen: Chosen;
  readonly onClose: () => void;
}

const ENDS = { "7": "In a week", "30": "In 30 days", "365": "In a year", "": "When it is taken back" } as const;
const DAY_MS = 86_400_000;

/** Links by which everybody who has one sees the dashboard; and whether there may be any. */
export function ShareDialog({ dashboard, range, chosen, onClose }: ShareDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const sharing = useQuery(sharingQuery(slug));
  const links = useQuery(linksQuery(slug, dashboard.id));
  const [days, setDays] = useState<string>("30");
  const mayAllow = useDenial("workspace:manage");
  const mayShare = useDenial("telemetry:manage");
  const allow = useMutation({
    mutationFn: (allowed: boolean) => allowSharing(slug, allowed),
    onSuccess: (now) => client.setQueryData(linkKeys.sharing(slug), now),
  });
  const make = useMutation({
    mutationFn: () =>
      createLink(slug, dashboard.id, {
        version: dashboard.version,
        range,
        chosen,
        expires_at: days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
      }),
    onSettled: () => client.invalidateQueries({ queryKey: linkKeys.of(slug, dashboard.id) }),
  });
  const error = sharing.error ?? links.error ?? allow.error ?? make.error;
  return (
    <Modal opened onClose={onClose} title={`Share ${dashboard.name}`} size="lg" closeOnClickOutside={make.data === undefined}>
      <Stack gap={16}>
        <Group justify="space-between" wrap="nowrap" gap={12}>
          <div>
            <strong>Dashboards by link</strong>
            <p className={`muted ${styles["note"]}`}>Whoever has a link sees what the panels show, without signing in. While this is off, no link of this workspace shows anything.</p>
          </div>
          <GuardedSwitch
            label="Let dashboards of this workspace be seen by link"
            reason={mayAllow}
            checked={sharing.data?.allowed ?? false}
            busy={sharing.isPending || allow.isPending}
            onChange={(allowed) => allow.mutate(allowed)}
          />
        </Group>
        {make.data !== undefined && (
          <div role="status">
            <p className={styles["note"]}>Copy the address now: it is not shown again.</p>
            <CodeSnippet code={make.data.address} label="address" />
          </div>
        )}
        {sharing.data?.allowed === true && (
          <>
            <p className={styles["note"]}>
              A link shows {PRESET_LABELS[range].toLowerCase()} and what is chosen on this page now. Later changes are seen by it once you show them.
            </p>
            <Group align="flex-end" gap={8}>
              <Select label="It ends" allowDeselect={false} data={Object.entries(ENDS).map(([value, label]) => ({ value, label }))} value={days} onChange={(value) => setDays(value ?? "")} />
              <GuardedButton reason={mayShare} loading={make.isPending} onClick={() => make.mutate()}>
                Make a link
              </GuardedButton>
            </Group>
          </>
        )}
        {error !== null && <Refusal error={error} />}
        {links.isPending && <SkeletonRows rows={2} label="Loading links" />}
        {(links.data?.items.length ?? 0) > 0 && (
          <ul className={styles["lines"]} aria-label="Links">
            {links.data?.items.map((link) => (
              <LinkRow key={link.id} link={link} dashboard={dashboard} denial={mayShare} />
            ))}
          </ul>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Done
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
