import { Button } from "@mantine/core";
import { useMutation, useQueryClient, type UseQueryResult } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Refusal } from "@/components/ui/refusal";
import { accountKeys } from "@/features/account/api/keys";
import { exportFile, isUnderWay, startExport, type Owned } from "@/features/account/api/lifecycle";
import type { Page } from "@/lib/query-client";
import { formatDate, formatExact } from "@/lib/time";
import { formatBytes, formatRatio } from "@/lib/units";
import type { DataExport } from "@/schema/wire/account";

import styles from "./general.module.css";

interface ExportStepProps {
  readonly what: Owned;
  readonly made: UseQueryResult<Page<DataExport>>;
  readonly denial: string | null;
}

/** A zip of everything, made in the background: how far it is, and the file. */
export function ExportStep({ what, made, denial }: ExportStepProps) {
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: () => startExport(what),
    onSuccess: () => client.invalidateQueries({ queryKey: accountKeys.exports(what.id) }),
  });
  const newest = made.data?.items[0];
  const under = isUnderWay(newest);
  return (
    <li className={styles["step"]}>
      <div>
        <h3 className={styles["stepTitle"]}>Export</h3>
        <p className={styles["stepText"]}>
          A zip with one NDJSON file per kind of thing, made in the background. {newest !== undefined && <Standing made={newest} />}
        </p>
      </div>
      <div>
        {newest?.state === "DONE" && (
          <Button component="a" href={exportFile(what, newest)} download variant="default" mr={8} leftSection={<Icon name="download" size={13} />}>
            Download
          </Button>
        )}
        <GuardedButton variant="default" reason={denial ?? (under ? "An export is being made." : null)} loading={start.isPending} onClick={() => start.mutate()}>
          {newest === undefined ? "Export everything" : "Export again"}
        </GuardedButton>
      </div>
      {under && newest !== undefined && (
        <div className={styles["progress"]} role="progressbar" aria-label="Export" aria-valuenow={Math.round(newest.progress * 100)} aria-valuemin={0} aria-valuemax={100}>
          <span style={{ width: `${newest.progress * 100}%` }} />
        </div>
      )}
      {start.error !== null && <Refusal error={start.error} />}
      {made.isError && <Refusal error={made.error} />}
    </li>
  );
}

function Standing({ made }: { readonly made: DataExport }) {
  switch (made.state) {
    case "PENDING":
      return <span role="status">Waiting for its turn.</span>;
    case "RUNNING":
      return <span role="status">{formatRatio(made.progress)} done.</span>;
    case "FAILED":
      return <span role="alert">The last one failed{made.error === null ? "" : `: ${made.error}`}.</span>;
    case "DONE":
      return (
        <span>
          Made {made.finished_at === null ? "" : formatExact(made.finished_at)}
          {made.bytes === null ? "" : `, ${formatBytes(made.bytes)}`}
          {made.expires_at === null ? "." : `; kept until ${formatDate(made.expires_at)}.`}
        </span>
      );
  }
}
