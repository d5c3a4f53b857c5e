import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FacetMenu } from "@/components/ui/facet-menu";
import { Icon } from "@/components/ui/icon";
import { SearchInput } from "@/components/ui/search-input";
import { StateIcon } from "@/components/ui/state-icon";
import { deploymentChoices, flowChoices, poolChoices } from "@/features/runs/api/facets";
import { isFiltered, RUN_SOURCES, SOURCE_WORDS, type RunsSearch } from "@/features/runs/runs-search";
import { isKind, kindWord, STATE_KINDS } from "@/lib/run-state";
import { oneOf } from "@/lib/search-params";
import { useWorkspace } from "@/lib/workspace";

import styles from "./run-list.module.css";

interface RunFacetsProps {
  readonly search: RunsSearch;
  readonly onChange: (change: Partial<RunsSearch>) => void;
}

const STATE_OPTIONS = STATE_KINDS.map((kind) => ({
  value: kind,
  label: kindWord(kind),
  icon: <StateIcon kind={kind} />,
}));
const SOURCE_OPTIONS = RUN_SOURCES.map((source) => ({ value: source, label: SOURCE_WORDS[source] }));
const NOTHING = {
  state: undefined,
  flow_id: undefined,
  deployment_id: undefined,
  pool_id: undefined,
  tag: undefined,
  source: undefined,
  parent: undefined,
  q: undefined,
} as const;

export function RunFacets({ search, onChange }: RunFacetsProps) {
  const { slug } = useWorkspace();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const open = (facet: string) => setOpened(new Set([...opened, facet]));
  const wants = (facet: string, chosen: string | undefined) => opened.has(facet) || chosen !== undefined;
  const flows = useQuery({ ...flowChoices(slug), enabled: wants("flow", search.flow_id) });
  const deployments = useQuery({ ...deploymentChoices(slug), enabled: wants("deployment", search.deployment_id) });
  const pools = useQuery({ ...poolChoices(slug), enabled: wants("pool", search.pool_id) });

  return (
    <div className={styles["facets"]} role="search" aria-label="Filter runs">
      <SearchInput value={search.q ?? ""} label="Search runs" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      <FacetMenu
        label="State"
        multiple
        options={STATE_OPTIONS}
        selected={search.state ?? []}
        onChange={(values) => onChange({ state: values.length === 0 ? undefined : values.filter(isKind) })}
      />
      <FacetMenu
        label="Flow"
        options={flows.data?.items.map((flow) => ({ value: flow.id, label: flow.name })) ?? null}
        error={flows.error?.message ?? null}
        selected={search.flow_id === undefined ? [] : [search.flow_id]}
        onChange={(values) => onChange({ flow_id: values[0] })}
        onOpen={() => open("flow")}
      />
      <FacetMenu
        label="Deployment"
        options={
          deployments.data?.items.map((each) => ({ value: each.id, label: `${each.flow.name} / ${each.name}` })) ?? null
        }
        error={deployments.error?.message ?? null}
        selected={search.deployment_id === undefined ? [] : [search.deployment_id]}
        onChange={(values) => onChange({ deployment_id: values[0] })}
        onOpen={() => open("deployment")}
      />
      <FacetMenu
        label="Pool"
        options={pools.data?.items.map((pool) => ({ value: pool.id, label: pool.name })) ?? null}
        error={pools.error?.message ?? null}
        selected={search.pool_id === undefined ? [] : [search.pool_id]}
        onChange={(values) => onChange({ pool_id: values[0] })}
        onOpen={() => open("pool")}
      />
      <FacetMenu
        label="Source"
        options={SOURCE_OPTIONS}
        selected={search.source === undefined ? [] : [search.source]}
        onChange={(values) => onChange({ source: oneOf(values[0], RUN_SOURCES) })}
      />
      {search.parent !== undefined && (
        <Button variant="default" rightSection={<Icon name="close" size={12} />} onClick={() => onChange({ parent: undefined })}>
          Sub-runs of one run
        </Button>
      )}
      <TagField key={search.tag ?? ""} tag={search.tag} onChange={(tag) => onChange({ tag })} />
      {isFiltered(search) && (
        <Button variant="subtle" color="gray" onClick={() => onChange(NOTHING)}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

interface TagFieldProps {
  readonly tag: string | undefined;
  readonly onChange: (tag: string | undefined) => void;
}

function TagField({ tag, onChange }: TagFieldProps) {
  const [text, setText] = useState(tag ?? "");
  const commit = () => {
    const next = text.trim() === "" ? undefined : text.trim();
    if (next !== tag) onChange(next);
  };
  return (
    <TextInput
      aria-label="Tag"
      placeholder="Tag"
      w={96}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
