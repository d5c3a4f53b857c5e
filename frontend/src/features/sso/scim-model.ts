import { plural } from "@/lib/units";
import type { ScimSettings } from "@/schema/wire/scim";

/** What the card answers: is somebody keeping our people, and how many. */
export function scimSentence(scim: ScimSettings): string {
  const kept = `${plural(scim.people, "person", "people")} and ${plural(scim.groups, "team")}`;
  if (!scim.enabled) return scim.people + scim.groups === 0 ? "People are managed by hand." : `Nobody keeps them any more: ${kept} stay as they are.`;
  if (scim.last_used_at === null) return "Waiting for the provider: the token has not been used yet.";
  return `Your identity provider keeps ${kept}.`;
}

/** Why no further token can be made; null while one can. */
export function tokenGap(scim: ScimSettings): string | null {
  return scim.tokens.length < scim.most_tokens ? null : "Two tokens are in use. End the one that the provider no longer needs.";
}
