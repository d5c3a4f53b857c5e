import { Link } from "@tanstack/react-router";

import { Notice } from "@/components/ui/notice";
import { paths } from "@/config/paths";
import { useWorkspace } from "@/lib/workspace";

/** Over every page of a workspace that is archived: what that means, and where it is undone. */
export function ArchivedNotice() {
  const { slug, name, archived_at } = useWorkspace();
  if (archived_at === null) return null;
  return (
    <Notice icon="archive">
      {name} is archived: nothing in it can be changed and nothing starts. Until when it can be brought back stands in its{" "}
      <Link to={paths.settings} params={{ workspace: slug }} className="link">
        settings
      </Link>
      .
    </Notice>
  );
}
