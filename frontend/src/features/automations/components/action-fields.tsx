import { ActionIcon, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { channelChoices, deploymentChoices } from "@/features/automations/api/choices";
import { RunParameters } from "@/features/automations/components/run-parameters";
import { faultsAt, type ActionDraft } from "@/features/automations/draft";
import type { Faults } from "@/features/automations/length";
import { ACTION_WORDS } from "@/features/automations/model";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";

import styles from "./automations.module.css";

interface ActionFieldsProps {
  readonly action: ActionDraft;
  readonly place: number;
  readonly faults: Faults;
  /** Whether templates may speak of an event: where nothing happened there is none. */
  readonly hasEvent: boolean;
  readonly onChange: (part: Partial<ActionDraft>) => void;
  readonly onRemove: () => void;
}

/** One action: the verb, and what it needs. */
export function ActionFields({ action, place, faults, hasEvent, onChange, onRemove }: ActionFieldsProps) {
  const at = (field: string) => faultsAt(faults, `actions.${place}.${field}`);
  const known = `Templates: ${hasEvent ? "{{ event.name }}, {{ event.payload.… }}, " : ""}{{ firing.reason }}, {{ firing.key }}, {{ url }}`;
  return (
    <div className={styles["actionForm"]} role="group" aria-label={`Action ${place + 1}`}>
      <div className={styles["actionHead"]}>
        <strong>{ACTION_WORDS[action.type]}</strong>
        <ActionIcon aria-label={`Remove action ${place + 1}`} onClick={onRemove}>
          <Icon name="close" size={13} />
        </ActionIcon>
      </div>
      {action.type === "notify" && (
        <>
          <ChannelSelect value={action.channelId} error={at("channel_id")} onChange={(channelId) => onChange({ channelId })} />
          <TextInput label="Subject" value={action.subject} error={at("subject")} onChange={(event) => onChange({ subject: event.currentTarget.value })} />
          <Textarea label="Message" description={known} autosize minRows={2} maxRows={12} value={action.body} error={at("body")} onChange={(event) => onChange({ body: event.currentTarget.value })} />
        </>
      )}
      {action.type === "run_deployment" && (
        <>
          <DeploymentSelect value={action.deploymentId} error={at("deployment_id")} onChange={(deploymentId) => onChange({ deploymentId, parameterProblems: {} })} />
          <RunParameters action={action} error={at("parameters")} known={known} onChange={onChange} />
        </>
      )}
      {action.type === "cancel_run" && (
        <TextInput label="Run" description="Its id; by itself that of the event’s run" classNames={{ input: "mono" }} value={action.runId} error={at("run_id")} onChange={(event) => onChange({ runId: event.currentTarget.value })} />
      )}
      {action.type === "webhook" && (
        <>
          <TextInput label="Address" placeholder="https://example.com/headway" spellCheck={false} value={action.url} error={at("url")} onChange={(event) => onChange({ url: event.currentTarget.value })} />
          <Textarea
            label="Body"
            description={`Left empty, the firing as JSON. ${known}`}
            classNames={{ input: "mono" }}
            spellCheck={false}
            autosize
            minRows={2}
            maxRows={14}
            value={action.body}
            error={at("body")}
            onChange={(event) => onChange({ body: event.currentTarget.value })}
          />
        </>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}

function ChannelSelect({ value, error, onChange }: ChoiceProps) {
  const { slug: workspace } = useWorkspace();
  const channels = useQuery(channelChoices(workspace));
  const options = (channels.data?.items ?? []).map((channel) => ({ value: channel.id, label: channel.name }));
  const none = channels.isSuccess && options.length === 0;
  return (
    <Choice
      label="Channel"
      query={channels}
      options={options}
      gone="A deleted channel"
      value={value}
      error={error}
      onChange={onChange}
      note={
        none && (
          <>
            There is no channel yet.{" "}
            <Link to={paths.settings} params={{ workspace }} search={{ tab: "channels" }} className="link">
              Add one in the settings
            </Link>
            .
          </>
        )
      }
    />
  );
}

function DeploymentSelect({ value, error, onChange }: ChoiceProps) {
  const { slug: workspace } = useWorkspace();
  const deployments = useQuery(deploymentChoices(workspace));
  const options = (deployments.data?.items ?? []).map((each) => ({ value: each.id, label: `${each.flow.name} / ${each.name}` }));
  const none = deployments.isSuccess && options.length === 0;
  return (
    <Choice
      label="Deployment"
      query={deployments}
      options={options}
      gone="A deleted deployment"
      value={value}
      error={error}
      onChange={onChange}
      note={none && "Nothing is deployed yet."}
    />
  );
}

interface SelectProps extends ChoiceProps {
  readonly label: string;
  readonly query: { readonly isPending: boolean; readonly isSuccess: boolean; readonly error: Error | null };
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly gone: string;
  readonly note: ReactNode;
}

function Choice({ label, query, options, gone, value, error, onChange, note }: SelectProps) {
  // What was deleted since stays in sight, so that nobody saves another by mistake.
  const lost = query.isSuccess && value !== "" && !options.some((option) => option.value === value);
  return (
    <Select
      label={label}
      description={note === false ? undefined : note}
      placeholder={query.isPending ? "Loading" : "Choose"}
      searchable
      allowDeselect={false}
      data={lost ? [...options, { value, label: gone }] : [...options]}
      value={value === "" ? null : value}
      error={error ?? (query.error === null ? undefined : asApiError(query.error).message)}
      onChange={(next) => onChange(next ?? "")}
    />
  );
}
