import { Button, SegmentedControl } from "@mantine/core";

import { FacetMenu } from "@/components/ui/facet-menu";
import { Icon } from "@/components/ui/icon";
import { SearchInput } from "@/components/ui/search-input";
import { StateIcon } from "@/components/ui/state-icon";
import type { RunSearch } from "@/features/runs/run-search";
import { isKind, kindWord, STATE_KINDS } from "@/lib/run-state";

import type { Density } from "./timeline-canvas";
import styles from "./timeline.module.css";

interface TimelineToolsProps {
  readonly search: RunSearch;
  readonly density: Density;
  readonly zoomed: boolean;
  readonly critical: boolean;
  readonly onChange: (change: Partial<RunSearch>) => void;
  readonly onDensity: (density: Density) => void;
  readonly onCritical: (on: boolean) => void;
  readonly onFit: () => void;
}

const DENSITIES: { value: Density; label: string }[] = [
  { value: "rows", label: "Rows" },
  { value: "dense", label: "Dense" },
  { value: "lanes", label: "Lanes" },
];
const STATE_OPTIONS = STATE_KINDS.map((kind) => ({ value: kind, label: kindWord(kind), icon: <StateIcon kind={kind} /> }));

export function TimelineTools(props: TimelineToolsProps) {
  const { search, density, zoomed, critical, onChange, onDensity, onCritical, onFit } = props;
  return (
    <div className={styles["tools"]}>
      <SearchInput value={search.q ?? ""} label="Search task runs" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      <FacetMenu
        label="State"
        multiple
        options={STATE_OPTIONS}
        selected={search.state ?? []}
        onChange={(values) => onChange({ state: values.length === 0 ? undefined : values.filter(isKind) })}
      />
      <Button
        variant={critical ? "light" : "default"}
        aria-pressed={critical}
        leftSection={<Icon name="path" size={14} />}
        onClick={() => onCritical(!critical)}
      >
        Critical path
      </Button>
      <span className={styles["spacer"]} />
      <Button variant="default" disabled={!zoomed} leftSection={<Icon name="fit" size={14} />} onClick={onFit}>
        Whole run
      </Button>
      <SegmentedControl
        size="xs"
        aria-label="How rows are drawn"
        value={density}
        onChange={onDensity}
        data={DENSITIES}
      />
    </div>
  );
}
