import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { ChartMark } from "@/components/charts/line-chart";
import { paths } from "@/config/paths";
import type { MetricsSearch } from "@/features/metrics/search";
import { asApiError } from "@/lib/errors";
import { termOf } from "@/lib/query-terms";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

interface MarksNoteProps {
  readonly events: string;
  readonly marks: UseQueryResult<{ readonly more: boolean; readonly marks: readonly ChartMark[] }>;
  readonly search: MetricsSearch;
}

/** Which events are marked, and how many: a link to the list of them. */
export function MarksNote({ events, marks, search }: MarksNoteProps) {
  const { slug } = useWorkspace();
  if (marks.isError) return <p className="muted">Events are not marked: {asApiError(marks.error).message}</p>;
  if (marks.data === undefined) return null;
  const { more, marks: found } = marks.data;
  const { range, from, to } = search;
  return (
    <p className="muted" style={{ margin: 0 }}>
      <span aria-hidden="true">▾ </span>
      <Link to={paths.events} params={{ workspace: slug }} search={{ q: termOf("name", events, { prefix: true }), range, from, to }} className="link">
        {more ? `The newest ${formatCount(found.length)} events` : plural(found.length, "event")}
      </Link>{" "}
      like <span className="mono">{events}</span> {found.length === 1 ? "is" : "are"} marked.
    </p>
  );
}
