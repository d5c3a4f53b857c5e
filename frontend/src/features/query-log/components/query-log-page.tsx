import { Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { GuardedButton } from "@/components/ui/guarded-button";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { ZoneSelect } from "@/components/ui/zone-select";
import { importFile, type Progress } from "@/features/query-log/api/import";
import { DropZone } from "@/features/query-log/components/drop-zone";
import { ImportError } from "@/features/query-log/components/import-error";
import { ImportOutcome } from "@/features/query-log/components/import-outcome";
import { ImportProgress } from "@/features/query-log/components/import-progress";
import { DEFAULT_PRESET, LOOKS, NOTHING, PRESETS, type QueryLogSearch } from "@/features/query-log/model";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./query-log.module.css";

interface QueryLogPageProps {
  readonly search: QueryLogSearch;
  readonly onChange: (change: Partial<QueryLogSearch>) => void;
}

/** What did the warehouse run before anybody told us? Its own log says it. */
export function QueryLogPage({ search, onChange }: QueryLogPageProps) {
  const { slug } = useWorkspace();
  const denial = useDenial("telemetry:write");
  const client = useQueryClient();
  const preset = search.preset ?? DEFAULT_PRESET;
  const look = LOOKS[preset];
  const timezone = search.timezone ?? "UTC"; // sent as it is shown
  const [file, setFile] = useState<File | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const stop = useRef<AbortController | null>(null);
  const sending = useMutation({
    mutationFn: (chosen: File) => {
      stop.current = new AbortController();
      setProgress({ read: 0, totals: NOTHING, waitSeconds: null });
      return importFile({ workspace: slug, file: chosen, preset, namespace: search.namespace, timezone }, setProgress, stop.current.signal);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["refused"] }),
  });
  useEffect(() => () => stop.current?.abort(), []);

  const choose = (chosen: File | null) => {
    sending.reset();
    setProgress(null);
    setFile(chosen);
  };
  const reason = denial ?? (file === null ? "Choose a file first." : null);
  return (
    <>
      <PageHeader title="Import a query log" answer="What a warehouse or database ran, for whom and on which tables, from a file of its own log." />
      <div className={styles["columns"]}>
        <div className={styles["main"]}>
          {sending.isPending && file !== null && progress !== null ? (
            <ImportProgress file={file} progress={progress} onStop={() => stop.current?.abort()} />
          ) : sending.isSuccess && file !== null ? (
            <ImportOutcome name={file.name} totals={sending.data} onAnother={() => choose(null)} />
          ) : (
            <>
              {sending.isError && <ImportError error={sending.error} totals={progress?.totals ?? NOTHING} />}
              <form
                className={styles["form"]}
                onSubmit={(event) => {
                  event.preventDefault();
                  if (file !== null && reason === null) sending.mutate(file);
                }}
              >
                <DropZone file={file} denial={denial} onFile={choose} />
                <div className={styles["fields"]}>
                  <Select
                    label="Log of"
                    data={PRESETS.map((value) => ({ value, label: LOOKS[value].label }))}
                    value={preset}
                    allowDeselect={false}
                    onChange={(value) => onChange({ preset: PRESETS.find((each) => each === value) })}
                  />
                  <TextInput
                    label="Server"
                    description="The name that other senders use for it, or one table will be two."
                    inputWrapperOrder={["label", "input", "description", "error"]}
                    placeholder={look.namespace}
                    maxLength={200}
                    value={search.namespace ?? ""}
                    onChange={(event) => onChange({ namespace: event.currentTarget.value === "" ? undefined : event.currentTarget.value })}
                  />
                  <ZoneSelect label="Time zone" description="Of times that say no offset." value={timezone} onChange={(zone) => onChange({ timezone: zone })} />
                </div>
                <div>
                  <GuardedButton reason={reason}>{sending.isError ? "Try again" : "Import"}</GuardedButton>
                </div>
              </form>
            </>
          )}
        </div>
        <aside className={styles["aside"]} aria-label="Where the file comes from">
          <Panel title={`From ${look.label === "Anything else" ? "anything else" : look.label}`}>
            <CodeSnippet code={look.source} label="what makes the file" />
            <p>{look.note}</p>
            <p>The same from a terminal:</p>
            <CodeSnippet code={`headway import-queries history.csv \\\n  --preset ${preset} \\\n  --namespace ${search.namespace ?? look.namespace}`} />
          </Panel>
        </aside>
      </div>
    </>
  );
}
