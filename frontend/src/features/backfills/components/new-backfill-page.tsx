import { NativeSelect, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { fieldsOf, initialValues, type RawValues } from "@/components/form/schema";
import { readForm, serverProblems } from "@/components/form/validate";
import { fieldError } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { Refusal } from "@/components/ui/refusal";
import { ZoneSelect } from "@/components/ui/zone-select";
import { paths } from "@/config/paths";
import { backfillKeys, makeBackfill, previewQuery } from "@/features/backfills/api/backfills";
import { OwnParameters } from "@/features/backfills/components/own-parameters";
import { estimateText, readDraft, refusedText, type BackfillDraft } from "@/features/backfills/model";
import { newIdempotencyKey } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { reasonOf } from "@/lib/may";
import { scheduleWords } from "@/lib/schedule-words";
import { zoneName } from "@/lib/time";
import { formatCount, plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import { wallOf } from "@/lib/zones";
import type { BackfillInput } from "@/schema/wire/backfills";
import type { Deployment } from "@/schema/wire/deployments";

import styles from "./backfills.module.css";

interface NewBackfillPageProps {
  readonly deployments: readonly { readonly value: string; readonly label: string }[];
  /** The one that is chosen, once it is known. */
  readonly deployment: Deployment | undefined;
  readonly chosen: string;
  readonly onChoose: (deployment: string) => void;
}

/** What is typed; the deployment stands in the address. */
interface Given extends Omit<BackfillDraft, "deployment" | "parameters"> {
  readonly own: readonly string[];
  readonly values: RawValues;
}

const WEEK = 7 * 86_400_000;
const SETTLE_MS = 300;

/** Which runs are missing, and what would it cost to make them? */
export function NewBackfillPage({ deployments, deployment, chosen, onChoose }: NewBackfillPageProps) {
  const { slug: workspace } = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const scopeDenial = useDenial("runs:write");
  const denial = scopeDenial ?? (deployment === undefined ? null : reasonOf(deployment.may["runs:write"]));
  const [key, setKey] = useState(newIdempotencyKey);
  const [given, setGiven] = useState<Given>(() => {
    const zone = zoneName();
    const midnight = (at: number) => `${wallOf(at, zone).slice(0, 10)}T00:00`;
    const now = Date.now();
    return { name: "", by: "cron", schedule: "", cron: "0 0 * * *", hours: "24", timezone: zone, since: midnight(now - WEEK), until: midnight(now), partitions: "", parameter: "", own: [], values: {}, concurrency: "2", priority: "-10" };
  });
  const schedules = deployment?.schedules ?? [];
  const fields = useMemo(() => (deployment === undefined ? [] : fieldsOf(deployment.parameter_schema)), [deployment]);
  const parameters = fields.map((field) => field.name);
  const others = fields.filter((field) => field.name !== given.parameter);
  const values = { ...initialValues(others, deployment?.parameters ?? {}), ...given.values };
  const own = readForm(
    others.filter((field) => given.own.includes(field.name)),
    values,
  );
  const isOwnRight = Object.keys(own.problems).length === 0;
  const draft = { ...given, deployment: chosen, parameter: parameters.includes(given.parameter) ? given.parameter : "", parameters: isOwnRight ? own.parameters : null };
  const read = readDraft(draft);
  const body = "body" in read ? read.body : null;
  const make = useMutation({
    mutationFn: (input: BackfillInput) => makeBackfill(workspace, input, key),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: backfillKeys.all(workspace) });
      await navigate({ to: paths.backfill, params: { workspace, backfillId: made.id } });
    },
  });
  const set = (change: Partial<Given>) => {
    setGiven({ ...given, ...change });
    setKey(newIdempotencyKey());
    make.reset();
  };
  const text = (field: "name" | "cron" | "hours" | "since" | "until" | "partitions") => ({
    value: draft[field],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => set({ [field]: event.currentTarget.value }),
  });
  const ranged = draft.by !== "partitions";
  return (
    <>
      <PageHeader title="New backfill" answer="One run for each day of a range, or for each partition, so many at once." />
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (body !== null && denial === null && !make.isPending) make.mutate(body);
        }}
      >
        <div className={styles["fields"]}>
          <Select
            label="Deployment"
            placeholder="Choose a deployment"
            data={[...deployments]}
            value={chosen === "" ? null : chosen}
            searchable
            comboboxProps={{ keepMounted: false }}
            onChange={(next) => {
              set({ own: [], values: {} });
              onChoose(next ?? "");
            }}
            error={fieldError(make.error, "deployment_id")}
          />
          <NativeSelect
            label="One run for each"
            value={draft.by}
            onChange={(event) => set({ by: event.currentTarget.value as BackfillDraft["by"] })}
            data={[
              { value: "cron", label: "time of a cron line" },
              { value: "interval", label: "so many hours" },
              { value: "schedule", label: "time of one of its schedules" },
              { value: "partitions", label: "partition of a list" },
            ]}
          />
          {draft.by === "cron" && <TextInput label="Cron line" {...text("cron")} error={fieldError(make.error, "cron")} />}
          {draft.by === "interval" && <TextInput label="Hours" inputMode="decimal" {...text("hours")} error={fieldError(make.error, "interval_seconds")} />}
          {draft.by === "schedule" && (
            <NativeSelect
              label="Schedule"
              description={schedules.length === 0 ? "It has none." : undefined}
              value={draft.schedule}
              onChange={(event) => set({ schedule: event.currentTarget.value })}
              data={[{ value: "", label: "Choose one" }, ...schedules.map((each) => ({ value: each.id, label: each.name === "" ? scheduleWords(each) : each.name }))]}
            />
          )}
          {ranged ? (
            <>
              <div className={styles["pair"]}>
                <TextInput type="datetime-local" label="From" {...text("since")} error={fieldError(make.error, "since")} />
                <TextInput type="datetime-local" label="Until" description="not itself part of it" {...text("until")} error={fieldError(make.error, "until")} inputWrapperOrder={["label", "input", "description", "error"]} />
              </div>
              <ZoneSelect value={draft.timezone} onChange={(timezone) => set({ timezone })} error={fieldError(make.error, "timezone")} />
            </>
          ) : (
            <Textarea label="Partitions" description="One a line" autosize minRows={4} maxRows={14} {...text("partitions")} error={fieldError(make.error, "partitions")} />
          )}
          <NativeSelect
            label="Parameter that gets the part"
            description="A date gets the day, a text the moment or the partition"
            value={draft.parameter}
            onChange={(event) => set({ parameter: event.currentTarget.value })}
            data={[{ value: "", label: parameters.length === 0 ? "Choose a deployment first" : "Choose one" }, ...parameters]}
            error={fieldError(make.error, "parameter")}
          />
          <OwnParameters
            fields={others}
            own={given.own}
            values={values}
            problems={{ ...own.problems, ...(make.error === null ? {} : serverProblems(asApiError(make.error).fields, others)) }}
            onOwn={(next) => set({ own: next })}
            onValues={(next) => set({ values: next })}
          />
          <div className={styles["pair"]}>
            <NumberInput label="At once" description="Runs of it at the same time" min={1} allowDecimal={false} value={draft.concurrency} onChange={(next) => set({ concurrency: String(next) })} error={fieldError(make.error, "concurrency")} />
            <NumberInput label="Priority" description="Below 0, after schedules" allowDecimal={false} value={draft.priority} onChange={(next) => set({ priority: String(next) })} error={fieldError(make.error, "priority")} />
          </div>
          <TextInput label="Name" description="Optional; without one it is named after its deployment" maxLength={200} {...text("name")} error={fieldError(make.error, "name")} />
          {make.error !== null && <Refusal error={make.error} more={refusedText(asApiError(make.error).fields)} />}
          <div>
            <GuardedButton reason={denial ?? ("gap" in read ? read.gap : null)} loading={make.isPending}>
              Start backfill
            </GuardedButton>
          </div>
        </div>
        <Preview body={denial === null ? body : null} gap={denial ?? ("gap" in read ? read.gap : "")} />
      </form>
    </>
  );
}

function Preview({ body, gap }: { readonly body: BackfillInput | null; readonly gap: string }) {
  const { slug } = useWorkspace();
  const [settled] = useDebouncedValue(JSON.stringify(body), SETTLE_MS);
  const asked = JSON.parse(settled) as BackfillInput | null;
  const preview = useQuery({ ...previewQuery(slug, asked ?? { deployment_id: "", kind: "RANGE", parameter: "" }), enabled: asked !== null, placeholderData: keepPreviousData });
  const { data } = preview;
  return (
    <Panel title="What would be made">
      <div className={styles["preview"]} aria-live="polite">
        {body === null ? (
          <p className="muted">{gap}</p>
        ) : preview.isError ? (
          <p className={styles["refused"]}>{refusedText(asApiError(preview.error).fields) || asApiError(preview.error).message}</p>
        ) : data === undefined ? (
          <p className="muted">Counting</p>
        ) : (
          <>
            <p>
              <strong>{plural(data.parts, "run")}</strong>
            </p>
            <p className="muted">{estimateText(data)}</p>
            <ul className={styles["keys"]} aria-label="Parts">
              {data.first.map((part) => (
                <li key={part}>{part}</li>
              ))}
              {data.parts > data.first.length + 1 && <li>… {formatCount(data.parts - data.first.length - 1)} more</li>}
              {data.parts > data.first.length && <li>{data.last}</li>}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}
