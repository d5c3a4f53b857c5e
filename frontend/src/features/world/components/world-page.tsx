import { SegmentedControl, Skeleton, Switch } from "@mantine/core";
import { useInfiniteQuery, useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { ErrorState } from "@/components/ui/error-state";
import { FacetMenu } from "@/components/ui/facet-menu";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { graphQuery, impactQuery, resourcesQuery, type GraphAsked } from "@/features/world/api/world";
import { KindIcon } from "@/features/world/components/kind-icon";
import { TimeScrubber } from "@/features/world/components/time-scrubber";
import { WorldGraph } from "@/features/world/components/world-graph";
import { aloneSentence, bestFocus, DEFAULT_DEPTH, DEPTHS, impactSentence, kindsAsked, lookOf, mergeGraphs, spanAt, type Direction, type Opened, type WorldSearch } from "@/features/world/model";
import { useNow } from "@/lib/now";
import { resolveRange } from "@/lib/time";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Graph, ListedResource } from "@/schema/wire/world";

import styles from "./world.module.css";

interface WorldPageProps {
  readonly search: WorldSearch;
  readonly onChange: (change: Partial<WorldSearch>) => void;
}

const MINUTE_MS = 60_000;

/** Who touches what? */
export function WorldPage({ search, onChange }: WorldPageProps) {
  const { slug } = useWorkspace();
  const list = useInfiniteQuery(resourcesQuery(slug, { kind: kindsAsked(search), q: search.q }));
  const { rows, first, more } = usePages(list);
  // Of all things, not of those found: while one searches, the graph stays, and the box with it.
  const all = usePages(useInfiniteQuery(resourcesQuery(slug, { kind: kindsAsked({}), q: undefined })));
  const focus = search.focus ?? (all.first === undefined ? undefined : (bestFocus(all.rows) ?? bestFocus(rows)));
  const kinds = Object.entries(first?.kinds ?? {}).filter(([kind]) => kind !== "column" && kind !== "query");
  const isEmpty = first !== undefined && Object.keys(first.kinds).length === 0;
  const toFocus = (id: string) => onChange({ focus: id, open: undefined });
  return (
    <>
      <PageHeader title="World" answer={kinds.length > 0 && <Kinds kinds={kinds} search={search} />}>
        <Link to={paths.queryLog} params={{ workspace: slug }} className="link">
          Import a query log
        </Link>
        <RangePicker anyTime value={{ range: search.range, from: search.from, to: search.to }} onChange={(range) => onChange({ range: undefined, from: undefined, to: undefined, ...range })} />
      </PageHeader>
      {isEmpty ? (
        <EmptyState
          icon="world"
          title="Nothing is known yet"
          code={`from headway import emit_event\n\nemit_event(\n    "query.executed",\n    payload={"text": "SELECT * FROM orders", "user": "maria"},\n)`}
          action={
            <Link to={paths.queryLog} params={{ workspace: slug }} className="link">
              Or import a query log
            </Link>
          }
        >
          Tables, people, jobs and dashboards appear here by themselves, from what happens: queries that you tell, OpenLineage events, traces with database attributes, and the runs.
        </EmptyState>
      ) : (
        <>
          {focus !== undefined && <Around focus={focus} search={search} first={firstOf(all.rows)} onChange={onChange} onFocus={toFocus} />}
          <div className={styles["bar"]}>
            <SearchInput label="Find a thing" value={search.q ?? ""} onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
            <FacetMenu
              label="Kind"
              multiple
              options={first === undefined ? null : Object.keys(first.kinds).map((kind) => ({ value: kind, label: lookOf(kind).word, icon: <KindIcon kind={kind} size={14} /> }))}
              selected={search.kind ?? []}
              onChange={(kind) => onChange({ kind: kind.length === 0 ? undefined : kind })}
            />
          </div>
          <ListStates query={list} what="world" count={rows.length} empty={<EmptyState icon="search" title="Nothing is called so">Try fewer letters, or another kind.</EmptyState>}>
            <EndlessTable
              label="Things"
              columns={columnsOf(slug)}
              rows={rows}
              rowKey={(row) => row.id}
              hasMore={list.hasNextPage}
              onMore={more}
              stale={list.isPlaceholderData}
              onOpen={(row) => toFocus(row.alias_of ?? row.id)}
              isOpen={(row) => row.id === focus}
            />
          </ListStates>
        </>
      )}
    </>
  );
}

/** How many there are of each; each number leads to its list. */
function Kinds({ kinds, search }: { readonly kinds: readonly (readonly [string, number])[]; readonly search: WorldSearch }) {
  const { slug } = useWorkspace();
  return kinds.map(([kind, count], place) => (
    <Fragment key={kind}>
      {place > 0 && ", "}
      <Link to={paths.world} params={{ workspace: slug }} search={{ ...search, q: undefined, kind: [kind] }} className="link">
        {plural(count, lookOf(kind).word.toLowerCase(), lookOf(kind).many)}
      </Link>
      {place === kinds.length - 1 && "."}
    </Fragment>
  ));
}

function firstOf(rows: readonly ListedResource[]): number {
  return Math.min(...rows.map((row) => Date.parse(row.first_seen)));
}

/** What was opened, as far as it has come; the same value while it is the same. */
function asGraphs(results: readonly UseQueryResult<Graph>[]): readonly Opened[] {
  return results.flatMap(({ data }) => (data === undefined ? [] : [{ id: data.focus_id, graph: data }]));
}

interface AroundProps {
  readonly focus: string;
  readonly search: WorldSearch;
  /** When anything was first seen, as far as is known. */
  readonly first: number;
  readonly onChange: (change: Partial<WorldSearch>) => void;
  readonly onFocus: (id: string) => void;
}

/** The graph around one thing, and who would miss it. */
function Around({ focus, search, first, onChange, onFocus }: AroundProps) {
  const { slug } = useWorkspace();
  // A sliding range moves by the minute, or each second would ask for another graph.
  const now = Math.floor(useNow() / MINUTE_MS) * MINUTE_MS;
  const ranged = search.range !== undefined || search.from !== undefined;
  const depth = search.depth ?? DEFAULT_DEPTH;
  const direction: Direction = search.direction ?? "both";
  const asked: GraphAsked = {
    focus,
    depth: Number(depth),
    direction,
    columns: search.columns === "yes",
    queries: search.queries === "yes",
    span: spanAt(search.at, ranged ? resolveRange(search, now) : null),
  };
  const graph = useQuery(graphQuery(slug, asked));
  const open = search.open ?? [];
  const opened = useQueries({ queries: open.map((id) => graphQuery(slug, { ...asked, focus: id, depth: 1, direction: "both" })), combine: asGraphs });
  const impact = useQuery(impactQuery(slug, focus));
  const merged = useMemo(() => (graph.data === undefined ? undefined : mergeGraphs(graph.data, opened)), [graph.data, opened]);
  const node = graph.data?.nodes.find((each) => each.id === graph.data.focus_id);
  return (
    <>
      <div className={styles["bar"]}>
        <SegmentedControl
          aria-label="Direction"
          size="xs"
          value={direction}
          onChange={(value) => onChange({ direction: value === "both" ? undefined : (value as Direction), open: undefined })}
          data={[
            { value: "up", label: "Sources" },
            { value: "both", label: "Both" },
            { value: "down", label: "Dependants" },
          ]}
        />
        <SegmentedControl
          aria-label="Steps"
          size="xs"
          value={depth}
          onChange={(value) => onChange({ depth: value === DEFAULT_DEPTH ? undefined : DEPTHS.find((each) => each === value), open: undefined })}
          data={DEPTHS.map((each) => ({ value: each, label: each === "1" ? "1 step" : each }))}
        />
        <Switch size="xs" label="Columns" checked={asked.columns} onChange={(event) => onChange({ columns: event.currentTarget.checked ? "yes" : undefined, open: undefined })} />
        <Switch size="xs" label="Queries" checked={asked.queries} onChange={(event) => onChange({ queries: event.currentTarget.checked ? "yes" : undefined, open: undefined })} />
        {node !== undefined && (
          <span className={styles["grow"]}>
            <Link to={paths.worldResource} params={{ workspace: slug, resourceId: node.id }}>
              {node.label}
            </Link>
            {impact.data !== undefined && <span className="muted">: {search.at !== undefined && "by now "}{impactSentence(impact.data)}</span>}
          </span>
        )}
      </div>
      <TimeScrubber first={first} now={now} at={search.at} onChange={(at) => onChange({ at, open: undefined })} />
      {graph.isPending && <Skeleton height={420} mb={16} />}
      {graph.isError && <ErrorState error={graph.error} what="graph" onRetry={() => void graph.refetch()} />}
      {merged !== undefined && (
        <WorldGraph
          graph={merged}
          focus={graph.data?.focus_id ?? focus}
          stale={graph.isPlaceholderData}
          truncated={graph.data?.truncated ?? false}
          alone={aloneSentence(direction, search.at !== undefined ? "by then" : ranged ? "in this time" : null)}
          onFocus={onFocus}
          onOpen={(id) => onChange({ open: [...open.filter((each) => each !== id), id] })}
        />
      )}
    </>
  );
}

function columnsOf(slug: string): readonly Column<ListedResource>[] {
  return [
    {
      key: "name",
      label: "Thing",
      width: "minmax(0, 3fr)",
      cell: (row) => (
        <span className={styles["name"]}>
          <KindIcon kind={row.kind} />
          <Link to={paths.worldResource} params={{ workspace: slug, resourceId: row.id }}>
            {row.label}
          </Link>
          {row.alias_of !== null && <span className="muted">alias</span>}
        </span>
      ),
    },
    { key: "kind", label: "Kind", width: "120px", from: "table", cell: (row) => lookOf(row.kind).word },
    { key: "namespace", label: "Where", width: "minmax(0, 2fr)", from: "wide", cell: (row) => <span className={styles["grow"]}>{row.namespace === "" ? "–" : row.namespace}</span> },
    { key: "count", label: "Events", width: "90px", align: "right", from: "table", cell: (row) => formatCount(row.count) },
    { key: "first", label: "First seen", width: "120px", from: "wide", cell: (row) => <RelativeTime at={row.first_seen} /> },
    { key: "last", label: "Last seen", width: "120px", cell: (row) => <RelativeTime at={row.last_seen} /> },
  ];
}
