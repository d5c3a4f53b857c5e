import { TagsInput } from "@mantine/core";

import { GuardedIcon } from "@/components/ui/guarded-icon";
import { InlineEdit } from "@/components/ui/inline-edit";
import { TagList } from "@/components/ui/tag-list";
import { useAnnotation } from "@/features/runs/components/run/use-annotation";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** The run's tags, changed in place. */
export function RunTags({ run }: { readonly run: Run }) {
  const { denial, save } = useAnnotation(run);
  return (
    <InlineEdit<readonly string[]>
      value={run.tags}
      verb="Save tags"
      onSave={(tags) => save({ tags: [...tags] })}
      shown={(edit) => (
        <span className={styles["tagsLine"]}>
          {run.tags.length === 0 ? <span className="muted">none</span> : <TagList tags={run.tags} max={5} />}
          <GuardedIcon icon="edit" label="Change the tags" reason={denial} onClick={edit} />
        </span>
      )}
      field={(tags, onChange) => <TagsInput aria-label="Tags" size="xs" placeholder="Type and press Enter" maxTags={50} acceptValueOnBlur value={[...tags]} onChange={onChange} />}
    />
  );
}
