import { Button, Group, TagsInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Refusal } from "@/components/ui/refusal";
import { TagList } from "@/components/ui/tag-list";
import { runKeys } from "@/features/runs/api/keys";
import { annotateRun, runQuery, withNews } from "@/features/runs/api/run";
import { annotateDenial } from "@/features/runs/run-model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** The run's tags, changed in place. */
export function RunTags({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [tags, setTags] = useState<readonly string[] | null>(null);
  const denial = annotateDenial(run, useDenial("runs:write"));
  const save = useMutation({
    mutationFn: (next: readonly string[]) => annotateRun(slug, run.id, { tags: [...next] }),
    onSuccess: (changed) => {
      client.setQueryData(runQuery(slug, run.id).queryKey, (known) => withNews(known, changed));
      void client.invalidateQueries({ queryKey: runKeys.lists(slug) });
      setTags(null);
    },
  });
  if (tags === null) {
    return (
      <span className={styles["tagsLine"]}>
        {run.tags.length === 0 ? <span className="muted">none</span> : <TagList tags={run.tags} max={5} />}
        <GuardedIcon icon="edit" label="Change the tags" reason={denial} onClick={() => setTags(run.tags)} />
      </span>
    );
  }
  return (
    <form
      className={styles["tagsForm"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.isPending) save.mutate(tags);
      }}
    >
      <TagsInput aria-label="Tags" size="xs" placeholder="Type and press Enter" maxTags={50} acceptValueOnBlur value={[...tags]} onChange={setTags} />
      {save.error !== null && <Refusal error={save.error} />}
      <Group gap={8}>
        <GuardedButton reason={null} size="xs" loading={save.isPending}>
          Save tags
        </GuardedButton>
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            save.reset();
            setTags(null);
          }}
        >
          Back
        </Button>
      </Group>
    </form>
  );
}
