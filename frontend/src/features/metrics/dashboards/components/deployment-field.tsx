import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { deploymentNamesQuery } from "@/features/metrics/dashboards/api";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardVariable } from "@/schema/wire/dashboards";

interface DeploymentFieldProps {
  readonly label: string;
  readonly variables: readonly DashboardVariable[];
  /** Its id, `$` and the name of a variable, or nothing. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** One deployment, or whichever is chosen for a variable. The names are asked for once somebody wants to choose. */
export function DeploymentField({ label, variables, value, onChange }: DeploymentFieldProps) {
  const { slug } = useWorkspace();
  const [opened, setOpened] = useState(false);
  const isId = value !== "" && !value.startsWith("$");
  const names = useQuery({ ...deploymentNamesQuery(slug), enabled: opened || isId });
  const standing = variables.filter(({ kind }) => kind === "deployment").map(({ name, title = "" }) => ({ value: `$${name}`, label: `$${name}${title === "" ? "" : ` (${title})`}` }));
  const named = (names.data?.items ?? []).map(({ id, flow, name }) => ({ value: id, label: `${flow.name} / ${name}` }));
  const isListed = [...standing, ...named].some((each) => each.value === value);
  return (
    <Select
      label={label}
      placeholder="Any deployment"
      searchable
      clearable
      data={[
        ...(standing.length === 0 ? [] : [{ group: "What is chosen for", items: standing }]),
        // One that is gone, or a variable that is: still said, so that it can be seen and taken out.
        ...(value === "" || isListed ? [] : [{ group: "Not there", items: [{ value, label: value }] }]),
        ...(named.length === 0 ? [] : [{ group: "Deployments", items: named }]),
      ]}
      nothingFoundMessage={names.isSuccess ? "None" : "On their way"}
      onDropdownOpen={() => setOpened(true)}
      value={value === "" ? null : value}
      onChange={(chosen) => onChange(chosen ?? "")}
    />
  );
}
