import { Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { LineChart } from "@/components/charts/line-chart";
import { CodeSnippet } from "@/components/ui/code-snippet";
import { ErrorState } from "@/components/ui/error-state";
import { Facts, type Fact } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { aliasesQuery, resourceQuery, takeAliasBack, worldKeys } from "@/features/world/api/world";
import { AliasDialog } from "@/features/world/components/alias-dialog";
import { ImpactPanel } from "@/features/world/components/impact-panel";
import { KindIcon } from "@/features/world/components/kind-icon";
import { NeighbourList } from "@/features/world/components/neighbour-list";
import { ResourceHeader } from "@/features/world/components/resource-header";
import { TouchingRuns } from "@/features/world/components/touching-runs";
import { holdsData, type ResourceSearch } from "@/features/world/model";
import { formatCount } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { ResourceDetail } from "@/schema/wire/world";

import styles from "./world.module.css";

const HOUR_MS = 3_600_000;
const MEASURES: Readonly<Record<string, { readonly title: string; readonly unit: string }>> = {
  rows: { title: "Rows", unit: "rows" },
  rows_written: { title: "Rows written", unit: "rows" },
  bytes: { title: "Size", unit: "bytes" },
  bytes_written: { title: "Bytes written", unit: "bytes" },
};

interface ResourcePageProps {
  readonly id: string;
  readonly search: ResourceSearch;
  readonly onSearch: (search: ResourceSearch) => void;
  readonly onOpen: (id: string) => void;
}

/** All that is known of one thing: who reads it, who writes it, is it fresh, who would miss it? */
export function ResourcePage({ id, search, onSearch, onOpen }: ResourcePageProps) {
  const { slug } = useWorkspace();
  const detail = useQuery(resourceQuery(slug, id));
  const denial = useDenial("telemetry:manage");
  const [joining, setJoining] = useState(false);
  if (detail.isError) return <ErrorState error={detail.error} what="thing" onRetry={() => void detail.refetch()} />;
  if (detail.data === undefined) {
    return (
      <div role="status" aria-label="Loading the thing">
        <Skeleton height={28} width={320} mb={12} />
        <Skeleton height={60} mb={16} />
        <Skeleton height={420} />
      </div>
    );
  }
  const page = detail.data;
  const { resource } = page;
  const isTable = resource.kind === "table";
  return (
    <>
      <ResourceHeader page={page} denial={denial} onJoin={() => setJoining(true)} />
      <div className={styles["facts"]}>
        <Facts facts={factsOf(page)} />
      </div>
      <Joined page={page} denial={denial} slug={slug} />
      {page.description !== null && <p>{page.description}</p>}
      {page.text !== null && <CodeSnippet code={page.text} />}
      <TouchingRuns id={id} role={search.runs} onRole={(runs) => onSearch({ runs })} expected={holdsData(resource.kind)} />
      <div className={styles["columns"]}>
        {page.readings.map((reading) => (
          <Readings key={reading.measure} measure={reading.measure} points={reading.points} />
        ))}
        {page.checks.length > 0 && (
          <Panel flush title="Checks" aside={<RelativeTime at={page.checked_at} />}>
            <ul className={styles["list"]} aria-label="Checks">
              {page.checks.map((check) => (
                <li key={`${check.assertion} ${check.column ?? ""}`}>
                  <span className={check.ok ? styles["added"] : styles["removed"]}>{check.ok ? "passed" : "failed"}</span>
                  <span className={styles["grow"]}>
                    {check.assertion}
                    {check.column !== null && <span className="muted"> of {check.column}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
        <NeighbourList title={isTable ? "Who writes it" : "Written by"} neighbours={page.writers} {...(isTable ? { none: nobody("writing", "written", page.written_at) } : {})} />
        <NeighbourList title={isTable ? "Who reads it" : "Read by"} neighbours={page.readers} {...(isTable ? { none: nobody("reading", "read", page.read_at) } : {})} />
        <NeighbourList title="What it is made of" neighbours={page.sources} roles />
        <NeighbourList title="What is made of it" neighbours={page.users_of} roles />
        <NeighbourList title="Queries" neighbours={page.queries} roles />
        <NeighbourList title="Owners" neighbours={page.owners} />
        {page.columns.length > 0 && (
          <Panel flush title="Columns" aside={<span className="muted">{formatCount(page.columns.length)}</span>}>
            <ul className={styles["list"]} aria-label="Columns">
              {page.columns.map((column) => (
                <li key={column.name}>
                  <span className={`${styles["grow"] ?? ""} ${styles["mono"] ?? ""}`}>{column.name}</span>
                  <span className={styles["aside"]}>{column.type}</span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
        {page.schema_changes.length > 0 && (
          <Panel flush title="Changes of its columns">
            <ul className={styles["list"]} aria-label="Changes of its columns">
              {page.schema_changes.map((change) => (
                <li key={change.at}>
                  <span className={styles["grow"]}>
                    {change.removed.length > 0 && <span className={styles["removed"]}>− {change.removed.join(", ")} </span>}
                    {change.added.length > 0 && <span className={styles["added"]}>+ {change.added.join(", ")} </span>}
                    {change.retyped.map(([name, before, after]) => `${name ?? ""}: ${before ?? ""} → ${after ?? ""}`).join(", ")}
                  </span>
                  <span className={styles["aside"]}>
                    <RelativeTime at={change.at} />
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
        <NeighbourList title="Parts of it" neighbours={page.parts} roles />
        <NeighbourList title="Further relations" neighbours={page.others} roles />
        <ImpactPanel id={page.alias_of?.id ?? resource.id} />
      </div>
      {joining && (
        <AliasDialog
          resource={resource}
          onClose={() => setJoining(false)}
          onDone={(target) => {
            setJoining(false);
            onOpen(target);
          }}
        />
      )}
    </>
  );
}

/** Senders may tell that a table was written and not by whom: then it was, as the facts above say. */
function nobody(doing: string, done: string, at: string | null): string {
  return at === null ? `Nobody was seen ${doing} it.` : `It was ${done}, but no event says by whom.`;
}

function factsOf(page: ResourceDetail): Fact[] {
  const { resource } = page;
  const facts: Fact[] = [];
  if (page.written_at !== null) facts.push({ term: "Last written", value: <RelativeTime at={page.written_at} /> });
  if (page.read_at !== null) facts.push({ term: "Last read", value: <RelativeTime at={page.read_at} /> });
  const rows = page.readings.find((reading) => reading.measure === "rows")?.points.at(-1)?.[1];
  if (rows !== undefined) facts.push({ term: "Rows", value: formatCount(rows) });
  if (page.dialect !== null) facts.push({ term: "Dialect", value: page.dialect });
  if (page.location !== null) facts.push({ term: "Files at", value: page.location });
  facts.push(
    { term: "First seen", value: <RelativeTime at={resource.first_seen} /> },
    { term: "Last seen", value: <RelativeTime at={resource.last_seen} /> },
    { term: "Events", value: formatCount(resource.count) },
  );
  return facts;
}

function Readings({ measure, points }: { readonly measure: string; readonly points: readonly (readonly number[])[] }) {
  const { title, unit } = MEASURES[measure] ?? { title: measure, unit: "" };
  const line = points.flatMap(([at, value]) => (at === undefined || value === undefined ? [] : [[at, value] as const]));
  const from = line[0]?.[0] ?? 0;
  const to = line.at(-1)?.[0] ?? from;
  return (
    <Panel title={title} aside={<span className="muted">the last of each hour</span>}>
      <LineChart label={title} series={[{ name: title, color: "--series-1", points: line }]} unit={unit} from={from - HOUR_MS} to={to + HOUR_MS} stepMs={Math.max((to - from) / 2, HOUR_MS)} height={180} />
    </Panel>
  );
}

function Joined({ page, denial, slug }: { readonly page: ResourceDetail; readonly denial: string | null; readonly slug: string }) {
  const client = useQueryClient();
  const isJoined = page.alias_of !== null || page.aliases.length > 0;
  const aliases = useQuery({ ...aliasesQuery(slug), enabled: isJoined });
  const part = useMutation({
    mutationFn: (id: string) => takeAliasBack(slug, id),
    onSuccess: () => client.invalidateQueries({ queryKey: worldKeys.all(slug) }),
  });
  if (!isJoined) return null;
  const own = aliases.data?.items.filter((each) => each.alias.id === page.resource.id || each.target.id === page.resource.id) ?? [];
  return (
    <Panel flush title="Shown as one">
      <ul className={styles["list"]} aria-label="Shown as one">
        {own.map((each) => {
          const other = each.alias.id === page.resource.id ? each.target : each.alias;
          return (
            <li key={each.id}>
              <KindIcon kind={other.kind} size={14} />
              <span className={styles["grow"]}>
                {each.alias.id === page.resource.id ? "is shown as " : "also called "}
                <Link to={paths.worldResource} params={{ workspace: slug, resourceId: other.id }}>
                  {other.label}
                </Link>
              </span>
              <GuardedButton size="xs" variant="default" reason={denial} loading={part.isPending} onClick={() => part.mutate(each.id)}>
                Part them
              </GuardedButton>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
