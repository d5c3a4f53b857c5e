import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { previewQuery } from "@/features/deployments/api/queries";
import { dueRows, type DueRow } from "@/features/deployments/schedule-draft";
import { asApiError } from "@/lib/errors";
import { formatStep, zoneName } from "@/lib/time";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import { formatInZone, formatOffset, isZone, offsetAt } from "@/lib/zones";
import type { SchedulePreviewInput } from "@/schema/wire/deployments";

import styles from "./schedules.module.css";

interface PreviewTimesProps {
  /** null while the form says no time. */
  readonly body: SchedulePreviewInput | null;
  readonly zone: string;
}

const SETTLE_MS = 250;

/** The next times by the schedule's own clock, beside the reader's, with the changes of the clock between them. */
export function PreviewTimes({ body, zone }: PreviewTimesProps) {
  const { slug } = useWorkspace();
  const [settled] = useDebouncedValue(JSON.stringify(body), SETTLE_MS);
  const asked = JSON.parse(settled) as SchedulePreviewInput | null;
  const preview = useQuery({
    ...previewQuery(slug, asked ?? { kind: "CRON", count: 1 }),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
  });
  const stale = preview.isPlaceholderData || settled !== JSON.stringify(body);
  return (
    <section className={styles["preview"]} aria-label="Next times">
      <h3>Next times</h3>
      {body === null ? (
        <p className="muted">Say when, and they stand here.</p>
      ) : preview.isError ? (
        <PreviewRefusal error={preview.error} />
      ) : preview.data === undefined ? (
        <SkeletonRows rows={8} height={22} label="next times" />
      ) : preview.data.times.length === 0 ? (
        <p className="muted">It is never due.</p>
      ) : (
        <DueList times={preview.data.times} zone={asked?.timezone ?? zone} stale={stale} askedAt={preview.dataUpdatedAt} />
      )}
    </section>
  );
}

function PreviewRefusal({ error }: { readonly error: unknown }) {
  const refusal = asApiError(error);
  const reasons = Object.values(refusal.fields).flat();
  return (
    <p role="alert" className={styles["refused"]}>
      {reasons.length === 0 ? refusal.message : reasons.join(" ")}
    </p>
  );
}

interface DueListProps {
  readonly times: readonly { readonly due_at: string; readonly local: string }[];
  readonly zone: string;
  readonly stale: boolean;
  readonly askedAt: number;
}

function DueList({ times, zone, stale, askedAt }: DueListProps) {
  const known = isZone(zone) ? zone : "UTC";
  const here = zoneName();
  const rows = dueRows(times, offsetAt(askedAt, known));
  const elsewhere = rows.some((row) => offsetAt(Date.parse(row.at), here) !== row.offset);
  return (
    <>
      <table className={styles["due"]} data-stale={stale} aria-busy={stale}>
        <thead>
          <tr>
            <th>{known}</th>
            {elsewhere && <th>Here, {here}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <DueTime key={row.at} row={row} zone={known} here={elsewhere ? here : null} />
          ))}
        </tbody>
      </table>
      <p className={styles["more"]}>{rows.length === 1 ? "That is the only one." : `The next ${plural(rows.length, "time")}.`}</p>
    </>
  );
}

function DueTime({ row, zone, here }: { readonly row: DueRow; readonly zone: string; readonly here: string | null }) {
  return (
    <>
      {row.shift !== 0 && (
        <tr className={styles["shift"]}>
          <td colSpan={here === null ? 1 : 2}>
            Clocks go {row.shift > 0 ? "forward" : "back"} by {formatStep(Math.abs(row.shift) * 60)}, to {formatOffset(row.offset)}
          </td>
        </tr>
      )}
      <tr>
        <td>
          <time dateTime={row.at}>{formatInZone(row.at, zone)}</time>
        </td>
        {here !== null && <td className="muted">{formatInZone(row.at, here)}</td>}
      </tr>
    </>
  );
}
