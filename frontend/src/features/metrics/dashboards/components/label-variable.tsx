import { MultiSelect } from "@mantine/core";
import { useState } from "react";

interface LabelVariableProps {
  readonly title: string;
  /** Some of the values that there are; null while they are on their way. */
  readonly known: readonly string[] | null;
  readonly chosen: readonly string[];
  readonly onOpen: () => void;
  readonly onChange: (values: string[]) => void;
}

/** Values of a label to choose. Of very many only some are listed: any can be typed. */
export function LabelVariable({ title, known, chosen, onOpen, onChange }: LabelVariableProps) {
  const [typed, setTyped] = useState("");
  const own = typed.trim();
  return (
    <MultiSelect
      label={title}
      placeholder={chosen.length === 0 ? "All" : ""}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      clearable
      data={[...new Set([...(known ?? []), ...chosen, ...(own === "" ? [] : [own])])]}
      nothingFoundMessage={known === null ? "On their way" : "None"}
      onDropdownOpen={onOpen}
      value={[...chosen]}
      onChange={onChange}
    />
  );
}
