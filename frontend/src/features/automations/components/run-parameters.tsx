import { MultiSelect, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { fieldsOf, type Field } from "@/components/form/schema";
import { SchemaFields } from "@/components/form/schema-fields";
import { chosenDeployment } from "@/features/automations/api/choices";
import { parametersOf, type ActionDraft } from "@/features/automations/draft";
import { firstValues, fitsForm, readParameters, shownFields } from "@/features/automations/parameters";
import { useWorkspace } from "@/lib/workspace";

import styles from "./automations.module.css";

type Change = Pick<ActionDraft, "parameters" | "parameterProblems">;

interface RunParametersProps {
  readonly action: ActionDraft;
  readonly error: string | undefined;
  /** What templates may speak of. */
  readonly known: string;
  readonly onChange: (change: Change) => void;
}

/** What the run is given: by the types of the flow's signature, or as JSON where those don't tell all of it. */
export function RunParameters({ action, error, known, onChange }: RunParametersProps) {
  const { slug } = useWorkspace();
  const deployment = useQuery({ ...chosenDeployment(slug, action.deploymentId), enabled: action.deploymentId !== "" });
  const schema = deployment.data?.parameter_schema;
  const fields = useMemo(() => (schema === undefined ? [] : fieldsOf(schema)), [schema]);
  const [asText, setAsText] = useState(false);
  const said = parametersOf(action.parameters);
  const toForm = () => setAsText(false);
  if (deployment.data !== undefined && !asText && fitsForm(fields, said)) {
    if (fields.length === 0) return <p className="muted">This deployment takes no parameters.</p>;
    return (
      <div className={styles["stack"]}>
        <ParameterForm
          key={action.deploymentId}
          fields={fields}
          said={said}
          deployed={deployment.data.parameters}
          problems={action.parameterProblems}
          error={error}
          known={known}
          onChange={onChange}
        />
        <button type="button" className={`link ${styles["asText"] ?? ""}`} onClick={() => setAsText(true)}>
          Write them as JSON
        </button>
      </div>
    );
  }
  return (
    <div className={styles["stack"]}>
      <Textarea
        label="Parameters"
        description={`As JSON, over those of the deployment. ${known}`}
        classNames={{ input: "mono" }}
        spellCheck={false}
        autosize
        minRows={2}
        maxRows={14}
        value={action.parameters}
        error={error}
        onChange={(event) => onChange({ parameters: event.currentTarget.value, parameterProblems: {} })}
      />
      {asText && fitsForm(fields, said) && (
        <button type="button" className={`link ${styles["asText"] ?? ""}`} onClick={toForm}>
          Back to the form
        </button>
      )}
    </div>
  );
}

interface ParameterFormProps extends Omit<RunParametersProps, "action"> {
  readonly fields: readonly Field[];
  readonly said: Readonly<Record<string, unknown>>;
  readonly deployed: Readonly<Record<string, unknown>>;
  readonly problems: Readonly<Record<string, string>>;
}

function ParameterForm({ fields, said, deployed, problems, error, known, onChange }: ParameterFormProps) {
  const [own, setOwn] = useState<readonly string[]>(() => Object.keys(said));
  const [values, setValues] = useState(() => firstValues(fields, said, deployed));
  const tell = (nextOwn: readonly string[], nextValues: typeof values) => {
    setOwn(nextOwn);
    setValues(nextValues);
    const { text, problems: wrong } = readParameters(fields, nextOwn, nextValues);
    onChange({ parameters: text, parameterProblems: wrong });
  };
  return (
    <>
      <MultiSelect
        label="Own parameters"
        description={`All others are those of the deployment. ${known}`}
        placeholder={own.length === 0 ? "Choose what it sets itself" : ""}
        data={fields.map((field) => ({ value: field.name, label: field.label }))}
        value={[...own]}
        error={Object.keys(problems).length === 0 ? error : undefined}
        clearable
        comboboxProps={{ keepMounted: false }}
        onChange={(next) => tell(next, values)}
      />
      {own.length > 0 && <SchemaFields fields={shownFields(fields, own, values)} values={values} problems={problems} focus={false} onChange={(next) => tell(own, next)} />}
    </>
  );
}
