import { Button, Menu } from "@mantine/core";

import { EXPORT_FORMATS, exportUrl, type ExportFormat } from "@/features/events/api/events";
import type { EventsSearch } from "@/features/events/model";
import { useNow } from "@/lib/now";
import { formatCount, formatRough } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

interface ExportMenuProps {
  readonly search: EventsSearch;
  /** How many the filter finds, as far as they were counted. */
  readonly total: number | undefined;
  readonly isEstimate: boolean;
  /** The filter cannot be read: there is nothing to export. */
  readonly disabled: boolean;
}

const WORDS: Readonly<Record<ExportFormat, { readonly label: string; readonly hint: string }>> = {
  ndjson: { label: "NDJSON", hint: "one JSON object a line" },
  csv: { label: "CSV", hint: "for spreadsheets" },
  parquet: { label: "Parquet", hint: "for pandas, DuckDB, Spark" },
};
/** The server ends a file there, and says so in its last row. */
const ROWS_AT_MOST = 200_000;

/** Takes away what the filter finds. */
export function ExportMenu({ search, total, isEstimate, disabled }: ExportMenuProps) {
  const { slug } = useWorkspace();
  const now = useNow();
  const isCut = total !== undefined && total > ROWS_AT_MOST;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" disabled={disabled}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {EXPORT_FORMATS.map((format) => (
          <Menu.Item key={format} component="a" href={exportUrl(slug, search, format, now)} download>
            {WORDS[format].label} <span className="muted">{WORDS[format].hint}</span>
          </Menu.Item>
        ))}
        <Menu.Label>
          {isCut ? `The newest ${formatCount(ROWS_AT_MOST)} of ${isEstimate ? `about ${formatRough(total)}` : formatCount(total)} events` : `What the filter finds, up to ${formatCount(ROWS_AT_MOST)} events`}
        </Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
