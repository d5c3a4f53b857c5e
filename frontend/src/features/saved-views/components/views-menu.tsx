import { Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { savedViewsQuery } from "@/features/saved-views/api/saved-views";
import { ManageViewsDialog } from "@/features/saved-views/components/manage-views-dialog";
import { SaveViewDialog } from "@/features/saved-views/components/save-view-dialog";
import { asksTheSame, viewQuery } from "@/features/saved-views/model";
import { useWorkspace } from "@/lib/workspace";
import type { ViewPage } from "@/schema/wire/saved-views";

interface ViewsMenuProps {
  readonly page: ViewPage;
  /** What the page shows. */
  readonly search: object;
  /** Keys of its address that are not kept: what was opened to look at. */
  readonly passing?: readonly string[];
  readonly onOpen: (query: string) => void;
}

/** What this page was asked before, under names. Read when first opened: most visits need none. */
export function ViewsMenu({ page, search, passing = [], onOpen }: ViewsMenuProps) {
  const { slug } = useWorkspace();
  const [opened, setOpened] = useState(false);
  const [asking, setAsking] = useState<"save" | "manage" | null>(null);
  const views = useQuery({ ...savedViewsQuery(slug, page), enabled: opened || asking !== null });
  const rows = views.data?.items ?? [];
  const query = viewQuery(search, passing);
  const close = () => setAsking(null);
  return (
    <>
      <Menu position="bottom-end" opened={opened} onChange={setOpened}>
        <Menu.Target>
          <Button variant="default">Views</Button>
        </Menu.Target>
        <Menu.Dropdown mah="60vh" style={{ overflowY: "auto" }}>
          {views.isPending && <Menu.Label>Loading views</Menu.Label>}
          {views.isError && <Menu.Item onClick={() => void views.refetch()}>Not loaded: try again</Menu.Item>}
          {views.isSuccess && rows.length === 0 && <Menu.Label>Nothing saved of this page yet</Menu.Label>}
          {rows.map((view) => (
            <Menu.Item key={view.id} aria-current={asksTheSame(view.query, query)} fw={asksTheSame(view.query, query) ? 600 : undefined} onClick={() => onOpen(view.query)}>
              {view.name} <span className="muted">{view.is_shared ? "shared" : "only you"}</span>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => setAsking("save")}>Save as view…</Menu.Item>
          {rows.length > 0 && <Menu.Item onClick={() => setAsking("manage")}>Manage views…</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {asking === "save" && <SaveViewDialog page={page} query={query} onClose={close} />}
      {asking === "manage" && <ManageViewsDialog page={page} views={rows} query={query} onClose={close} />}
    </>
  );
}
