import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { metricsQuery } from "@/features/metrics/api/metrics";
import { deploymentNamesQuery } from "@/features/metrics/dashboards/api";
import { chosenValues, withChosen } from "@/features/metrics/dashboards/variables";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardVariable } from "@/schema/wire/dashboards";

import { LabelVariable } from "./label-variable";
import styles from "./dashboards.module.css";

interface VariablesBarProps {
  readonly variables: readonly DashboardVariable[];
  readonly chosen: readonly string[];
  readonly onChange: (pairs: readonly string[]) => void;
}

/** What all panels are narrowed to. Nothing chosen: everything. What else there is to choose is asked for once somebody wants to. */
export function VariablesBar({ variables, chosen, onChange }: VariablesBarProps) {
  const { slug } = useWorkspace();
  const [opened, setOpened] = useState<DashboardVariable["kind"] | null>(null);
  const values = chosenValues(variables, chosen);
  const isNamed = variables.some(({ kind, name }) => kind === "deployment" && (values[name] ?? []).length > 0);
  const metrics = useQuery({ ...metricsQuery(slug), enabled: opened === "label" });
  const deployments = useQuery({ ...deploymentNamesQuery(slug), enabled: opened === "deployment" || isNamed });
  if (variables.length === 0) return null;
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
              nothingFoundMessage={deployments.isSuccess ? "None" : "On their way"}
              onDropdownOpen={() => setOpened("deployment")}
              value={now[0] ?? null}
              onChange={(value) => onChange(withChosen(chosen, variable.name, value === null ? [] : [value]))}
            />
          );
        }
        return (
          <LabelVariable
            key={variable.name}
            title={title}
            known={metrics.data === undefined ? null : (metrics.data.items.find((metric) => metric.name === variable.metric)?.labels[variable.label ?? ""] ?? [])}
            chosen={now}
            onOpen={() => setOpened("label")}
            onChange={(next) => onChange(withChosen(chosen, variable.name, next))}
          />
        );
      })}
    </div>
  );
}
