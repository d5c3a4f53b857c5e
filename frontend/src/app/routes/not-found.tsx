import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { paths } from "@/config/paths";

export function NotFoundPage() {
  return (
    <main>
      <EmptyState
        icon="search"
        heading="h1"
        title="Nothing lives at this address"
        action={
          <Link to={paths.root} className="link">
            Go to your workspace
          </Link>
        }
      >
        The link may be old or mistyped, or lead to what is not open to you.
      </EmptyState>
    </main>
  );
}
