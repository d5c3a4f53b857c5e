
import { Modal } from "@/components/ui/dialog";
import { ViewRow } from "@/features/saved-views/components/view-row";
import { plural } from "@/lib/units";
import type { SavedView, ViewPage } from "@/schema/wire/saved-views";

interface ManageViewsDialogProps {
  readonly page: ViewPage;
  readonly views: readonly SavedView[];
  /** What the page shows now. */
  readonly query: string;
  readonly onClose: () => void;
}

/** Rename, replace, share and delete. */
export function ManageViewsDialog({ page, views, query, onClose }: ManageViewsDialogProps) {
  return (
    <Modal opened onClose={onClose} size="lg" title={`${plural(views.length, "view")} of ${page.toLowerCase()}`} closeButtonProps={{ "aria-label": "Close" }}>
      <ul aria-label="Views" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {views.map((view) => (
          <ViewRow key={view.id} view={view} query={query} />
        ))}
      </ul>
    </Modal>
  );
}
