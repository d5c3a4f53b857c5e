import { useQueryClient } from "@tanstack/react-query";

import { runKeys } from "@/features/runs/api/keys";
import { annotateRun, runQuery, withNews } from "@/features/runs/api/run";
import { annotateDenial } from "@/features/runs/run-model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Run, RunChange } from "@/schema/wire/runs";

interface Annotation {
  /** Why the person may not; null when they may. */
  readonly denial: string | null;
  readonly save: (change: RunChange) => Promise<void>;
}

/** Change what people say of a run. */
export function useAnnotation(run: Run): Annotation {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = annotateDenial(run, useDenial("runs:write"));
  const save = async (change: RunChange) => {
    const changed = await annotateRun(slug, run.id, change);
    client.setQueryData(runQuery(slug, run.id).queryKey, (known) => withNews(known, changed));
    // Lists show tags, and no notes.
    if (change.tags !== undefined) void client.invalidateQueries({ queryKey: runKeys.lists(slug) });
  };
  return { denial, save };
}
