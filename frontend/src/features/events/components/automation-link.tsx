import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { triggerOf } from "@/features/events/trigger";
import { useWorkspace } from "@/lib/workspace";

/** From looking for something to being told of it: what the filter asks, as far as a trigger can ask it. */
export function AutomationLink({ q, children }: { readonly q: string; readonly children: string }) {
  const { slug: workspace } = useWorkspace();
  const { match, left } = triggerOf(q);
  if (match.length === 0) return null;
  return (
    <Link to={paths.newAutomation} params={{ workspace }} search={{ match, left: left.length === 0 ? undefined : left }} className="link">
      {children}
    </Link>
  );
}
