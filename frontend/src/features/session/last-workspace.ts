import type { Me, MeWorkspace } from "@/schema/wire/session";

const KEY = "headway-workspace";

export function rememberWorkspace(slug: string): void {
  localStorage.setItem(KEY, slug);
}

/** The workspace to open at the bare address: the last one used if it is still there, else the first. */
export function homeWorkspace(me: Me): MeWorkspace | undefined {
  const last = localStorage.getItem(KEY);
  return me.workspaces.find((workspace) => workspace.slug === last) ?? me.workspaces[0];
}
