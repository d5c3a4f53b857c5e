import { Link } from "@tanstack/react-router";

import { GuardedIcon } from "@/components/ui/guarded-icon";
import { RelativeTime } from "@/components/ui/relative-time";
import named from "@/components/ui/named-rows.module.css";
import { paths } from "@/config/paths";
import { MODE_NAMES, MODE_WORDS } from "@/features/event-schemas/model";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { EventSchema } from "@/schema/wire/event-schemas";

import styles from "./schemas.module.css";

interface SchemaRowProps {
  readonly schema: EventSchema;
  readonly denial: string | null;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

export function SchemaRow({ schema, denial, onEdit, onDelete }: SchemaRowProps) {
  const { name, number, mode } = schema;
  return (
    <li className={`${named["row"]} ${styles["schema"]}`} aria-label={name}>
      <div className={named["what"]}>
        <span className={`${named["name"]} mono`}>{name}</span>
        <span className={named["under"]}>
          Version {number}, since <RelativeTime at={schema.counted_since} />
          {number === 1 && schema.created_by !== null && ` by ${schema.created_by.name}`}
        </span>
      </div>
      <span title={MODE_WORDS[mode]} className={mode === "OFF" ? styles["off"] : undefined}>
        {MODE_NAMES[mode]}
      </span>
      <Misfits schema={schema} />
      <div className={named["actions"]}>
        <GuardedIcon icon="edit" label="Change" name={`Change the schema of ${name}`} reason={denial} onClick={onEdit} />
        <GuardedIcon icon="trash" label="Delete" name={`Delete the schema of ${name}`} reason={denial} onClick={onDelete} />
      </div>
    </li>
  );
}

/** How many events did not fit this version, each number with the list that has the samples. */
function Misfits({ schema }: { readonly schema: EventSchema }) {
  const { slug: workspace } = useWorkspace();
  const { warned_count: warned, refused_count: refused, last_misfit_at: last } = schema;
  if (last === null) {
    return <span className="muted">{schema.mode === "OFF" ? "Nothing is checked" : "Everything fitted so far"}</span>;
  }
  return (
    <div className={named["what"]}>
      <span>
        {warned > 0 && (
          <Link to={paths.refused} params={{ workspace }} search={{ code: "schema_warning" }} className="link">
            {plural(warned, "warning")}
          </Link>
        )}
        {warned > 0 && refused > 0 && ", "}
        {refused > 0 && (
          <Link to={paths.refused} params={{ workspace }} search={{ code: "schema_mismatch" }} className="link">
            {formatCount(refused)} refused
          </Link>
        )}
      </span>
      <span className={named["under"]}>
        the last <RelativeTime at={last} />
      </span>
    </div>
  );
}
