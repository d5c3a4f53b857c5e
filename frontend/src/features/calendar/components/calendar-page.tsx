import { ActionIcon, Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { FacetMenu, type FacetOption } from "@/components/ui/facet-menu";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { ZoneSelect } from "@/components/ui/zone-select";
import { calendarQuery } from "@/features/calendar/api/calendar";
import { DayList } from "@/features/calendar/components/day-list";
import { DenseStrip } from "@/features/calendar/components/dense-strip";
import { WeekGrid } from "@/features/calendar/components/week-grid";
import { addDays, cellsOf, DAYS, dayText, weekFrom, type CalendarSearch } from "@/features/calendar/model";
import { zoneName } from "@/lib/time";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import { wallOf } from "@/lib/zones";

import styles from "./calendar.module.css";

interface CalendarPageProps {
  readonly search: CalendarSearch;
  readonly onChange: (change: Partial<CalendarSearch>) => void;
  /** null while they are on their way. */
  readonly deployments: readonly FacetOption[] | null;
}

/** What starts by itself this week, and when? */
export function CalendarPage({ search, onChange, deployments }: CalendarPageProps) {
  const { slug } = useWorkspace();
  const narrow = useMediaQuery("(max-width: 768px)", false, { getInitialValueInEffect: false });
  const zone = search.zone ?? zoneName();
  const [openedAt] = useState(() => Date.now());
  const today = wallOf(openedAt, zone).slice(0, 10);
  const first = search.from ?? today;
  const week = weekFrom(first, zone);
  const calendar = useQuery(calendarQuery(slug, week.since, week.until, search.deployment));
  const { data } = calendar;
  const cells = cellsOf(data?.items ?? [], zone);
  const nothing = data !== undefined && data.items.length === 0 && data.dense.length === 0;
  const go = (days: number) => {
    const from = addDays(first, days);
    onChange({ from: from === today ? undefined : from });
  };
  return (
    <>
      <PageHeader title="Calendar" answer={data !== undefined && !nothing && <CalendarAnswer times={data.items.length} often={data.dense.length} truncated={data.truncated} />} />
      <div className={styles["tools"]}>
        <div className={styles["weeks"]}>
          <ActionIcon aria-label="The week before" onClick={() => go(-DAYS)}>
            <Icon name="chevronLeft" size={15} />
          </ActionIcon>
          <span className={styles["range"]}>
            {dayText(first)} – {dayText(addDays(first, DAYS - 1))}
          </span>
          <ActionIcon aria-label="The week after" onClick={() => go(DAYS)}>
            <Icon name="chevronRight" size={15} />
          </ActionIcon>
          {first !== today && (
            <Button variant="default" onClick={() => onChange({ from: undefined })}>
              From today
            </Button>
          )}
        </div>
        <FacetMenu
          label="Deployment"
          options={deployments}
          selected={search.deployment === undefined ? [] : [search.deployment]}
          onChange={(values) => onChange({ deployment: values[0] })}
        />
        <div className={styles["zone"]}>
          <ZoneSelect label="" name="Time zone" value={zone} onChange={(next) => onChange({ zone: next === zoneName() ? undefined : next })} />
        </div>
      </div>
      {calendar.isPending && <SkeletonRows rows={10} height={36} label="the calendar" />}
      {calendar.isError && <ErrorState error={calendar.error} what="calendar" onRetry={() => void calendar.refetch()} />}
      {nothing && (
        <EmptyState icon="calendar" title="Nothing starts by itself this week">
          Deployments start here when they have a schedule that is not paused: add one on a deployment’s page, or with <code>headway deploy --cron</code>.
        </EmptyState>
      )}
      {data !== undefined && !nothing && (
        <div data-stale={calendar.isPlaceholderData} className={styles["week"]}>
          {data.truncated && (
            <p role="status" className={styles["cut"]}>
              There is more than can be shown: choose a deployment to see all of its times.
            </p>
          )}
          {data.dense.length > 0 && <DenseStrip items={data.dense} />}
          {narrow ? <DayList days={week.days} cells={cells} today={today} /> : <WeekGrid days={week.days} cells={cells} today={today} hour={first <= today ? Number(wallOf(openedAt, zone).slice(11, 13)) : null} />}
        </div>
      )}
    </>
  );
}

function CalendarAnswer({ times, often, truncated }: { readonly times: number; readonly often: number; readonly truncated: boolean }) {
  return (
    <>
      <strong>
        {truncated ? "Over " : ""}
        {plural(times, "start")} in seven days
      </strong>
      {often > 0 && `, and ${plural(often, "schedule")} that ${often === 1 ? "is" : "are"} due very often`}
    </>
  );
}
