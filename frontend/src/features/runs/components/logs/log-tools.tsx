import { Button, SegmentedControl } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { CopyId } from "@/components/ui/copy-id";
import { FacetMenu } from "@/components/ui/facet-menu";
import { Icon } from "@/components/ui/icon";
import { SearchInput } from "@/components/ui/search-input";
import { logPage } from "@/features/runs/api/run";
import { asText } from "@/features/runs/logs/model";
import { LOG_LEVELS, type RunSearch } from "@/features/runs/run-search";
import { oneOf } from "@/lib/search-params";
import { useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface LogToolsProps {
  readonly run: Run;
  readonly search: RunSearch;
  readonly wrap: boolean;
  readonly fromEnd: boolean;
  readonly onChange: (change: Partial<RunSearch>) => void;
  readonly onWrap: (wrap: boolean) => void;
  readonly onFromEnd: (fromEnd: boolean) => void;
}

const LEVEL_OPTIONS = LOG_LEVELS.map((level) => ({ value: level, label: level.charAt(0) + `${level.slice(1).toLowerCase()}${level === "CRITICAL" ? "" : " and above"}` }));

export function LogTools({ run, search, wrap, fromEnd, onChange, onWrap, onFromEnd }: LogToolsProps) {
  const { slug } = useWorkspace();
  const download = useMutation({
    mutationFn: async () => {
      const parts: string[] = [];
      const filter = { level: search.level, q: search.q, task: search.task, order: "asc" } as const;
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof logPage>> = await logPage(slug, run.id, filter, cursor);
        parts.push(asText(page.items));
        cursor = page.next_cursor;
      } while (cursor !== null);
      saveFile(`${run.flow.name}-${run.name}.log`, parts);
    },
  });
  return (
    <div className={styles["tools"]}>
      <SearchInput value={search.q ?? ""} label="Search logs" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      <FacetMenu
        label="Level"
        options={LEVEL_OPTIONS}
        selected={search.level === undefined ? [] : [search.level]}
        onChange={(values) => onChange({ level: oneOf(values[0], LOG_LEVELS) })}
      />
      {search.task !== undefined && (
        <span className={styles["task"]}>
          Task run <CopyId id={search.task} label="task run id" />
          <button type="button" className={styles["clear"]} aria-label="Show all task runs" onClick={() => onChange({ task: undefined })}>
            <Icon name="close" size={12} />
          </button>
        </span>
      )}
      <span className={styles["spacer"]} />
      <SegmentedControl
        size="xs"
        aria-label="Read from"
        value={fromEnd ? "end" : "start"}
        onChange={(value) => onFromEnd(value === "end")}
        data={[
          { value: "start", label: "From the start" },
          { value: "end", label: "From the end" },
        ]}
      />
      <Button
        variant={wrap ? "light" : "default"}
        aria-pressed={wrap}
        leftSection={<Icon name="wrap" size={14} />}
        onClick={() => onWrap(!wrap)}
      >
        Wrap
      </Button>
      <Button
        variant="default"
        loading={download.isPending}
        leftSection={<Icon name="download" size={14} />}
        onClick={() => download.mutate()}
      >
        Download
      </Button>
      {download.isError && (
        <span role="alert" style={{ color: "var(--danger-text)" }}>
          {download.error.message}
        </span>
      )}
    </div>
  );
}

function saveFile(name: string, parts: readonly string[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([...parts], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
