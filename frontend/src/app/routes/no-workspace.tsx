import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { paths } from "@/config/paths";
import { CreateWorkspaceDialog } from "@/features/session/components/create-workspace-dialog";

export function NoWorkspacePage() {
  const [creating, setCreating] = useState(false);
  const navigate = useNavigate();
  return (
    <main>
      <EmptyState icon="home" title="You are in no workspace yet" action={<Button onClick={() => setCreating(true)}>Create a workspace</Button>}>
        Ask a colleague to add you to theirs, or create your own.
      </EmptyState>
      <CreateWorkspaceDialog
        opened={creating}
        onClose={() => setCreating(false)}
        onCreated={(workspace) => void navigate({ to: paths.home, params: { workspace } })}
      />
    </main>
  );
}
