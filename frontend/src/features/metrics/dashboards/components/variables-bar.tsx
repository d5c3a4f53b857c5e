import { MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { metricsQuery } from "@/features/metrics/api/metrics";
import { deploymentNamesQuery } from "@/features/metrics/dashboards/api";
import { chosenValues, withChosen } from "@/features/metrics/dashboards/model";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardVariable } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";

interface VariablesBarProps {
  readonly variables: readonly DashboardVariable[];
  readonly chosen: readonly string[];
  readonly onChange: (pairs: readonly string[]) => void;
}

/** What all panels are narrowed to. Nothing chosen: everything. */
export function VariablesBar({ variables, chosen, onChange }: VariablesBarProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery({ ...metricsQuery(slug), enabled: variables.some((each) => each.kind === "label") });
  const deployments = useQuery({ ...deploymentNamesQuery(slug), enabled: variables.some((each) => each.kind === "deployment") });
  if (variables.length === 0) return null;
  const values = chosenValues(variables, chosen);
  return (
    <div className={styles["variables"]} role="group" aria-label="Narrowed to">
      {variables.map((variable) => {
        const title = variable.title === undefined || variable.title === "" ? variable.name : variable.title;
        const now = values[variable.name] ?? [];
        if (variable.kind === "deployment") {
          const known = (deployments.data?.items ?? []).map(({ id, flow, name }) => ({ value: id, label: `${flow.name} / ${name}` }));
          return (
            <Select
              key={variable.name}
              label={title}
              placeholder="All"
              searchable
              clearable
              data={known}
              value={now[0] ?? null}
              onChange={(value) => onChange(withChosen(chosen, variable.name, value === null ? [] : [value]))}
            />
          );
        }
        const known = metrics.data?.items.find((metric) => metric.name === variable.metric)?.labels[variable.label ?? ""] ?? [];
        return (
          <MultiSelect
            key={variable.name}
            label={title}
            placeholder={now.length === 0 ? "All" : ""}
            searchable
            clearable
            data={[...new Set([...known, ...now])]}
            value={[...now]}
            onChange={(next) => onChange(withChosen(chosen, variable.name, next))}
          />
        );
      })}
    </div>
  );
}
