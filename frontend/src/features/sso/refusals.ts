/**
 * Why a sign-in by a provider ended, by the server's code. The address of the page holds the code and nothing else
 * that is shown: what a stranger puts into it stays a known sentence.
 */
export interface RefusalWords {
  readonly title: string;
  readonly text: string;
  /** Whether beginning again may help. */
  readonly again: boolean;
}

const WORDS = {
  sso_attempt_not_valid: { title: "This sign-in is over", text: "It was begun in another browser or too long ago, or its answer was used before. Begin again from the login page.", again: true },
  sso_answer_not_valid: { title: "The provider’s answer can’t be believed", text: "It isn’t signed as it should be, or something in it is missing. Tell your admin; the account’s audit log says what was wrong.", again: true },
  sso_answer_expired: { title: "The provider’s answer is too old", text: "Or its clock differs from ours. Begin again; if it stays, tell your admin.", again: true },
  sso_answer_replayed: { title: "This answer was used before", text: "Each answer of a provider counts once. Begin again from the login page.", again: true },
  sso_answer_for_another: { title: "The provider’s answer is for somebody else", text: "It was made for another service or another account. Your admin should compare the values at the provider with those on the account’s page.", again: false },
  sso_provider_refused: { title: "Your provider didn’t let you in", text: "It answered that you may not use Headway, or you turned back there. Your admin can give you access at the provider.", again: true },
  sso_provider_unreachable: { title: "Your provider doesn’t answer", text: "It couldn’t be reached just now. Try again in a moment.", again: true },
  sso_provider_not_usable: { title: "Your provider is not set up right", text: "What it says of itself doesn’t fit the account’s settings. Tell your admin.", again: false },
  sso_address_missing: { title: "Your provider named no address", text: "It has to send your e-mail address. Your admin can add that at the provider.", again: false },
  sso_address_not_confirmed: { title: "Your address isn’t confirmed", text: "Your provider says so itself. Confirm it there first.", again: true },
  sso_address_not_allowed: { title: "Your address isn’t of this account", text: "The provider named an address outside of the domains that the account has shown to be its own.", again: false },
  sso_subject_changed: { title: "Your provider takes you for somebody else", text: "You are known here as another person of the same provider. Your admin can unlink you on the account’s single sign-on page.", again: false },
  sso_member_deactivated: { title: "You are deactivated", text: "You may do nothing in this account at present. Ask its admin.", again: false },
  sso_not_a_member: { title: "You aren’t a member of this account", text: "Its single sign-on adds nobody by itself. Ask its admin for an invitation.", again: false },
  sso_connection_not_active: { title: "Nobody can sign in this way now", text: "This single sign-on is not active, or is no more.", again: false },
  plan_limit: { title: "No seat is free", text: "The account’s plan has no room for another person. Its owner can choose a larger plan or free a seat.", again: false },
  permission_denied: { title: "You may not test this", text: "That takes an owner or admin of the account.", again: false },
  rate_limited: { title: "Too many tries", text: "Wait a minute, then begin again.", again: true },
} as const satisfies Readonly<Record<string, RefusalWords>>;

const UNKNOWN: RefusalWords = { title: "You weren’t signed in", text: "Something was not as it should be. Begin again; if it stays, tell your admin.", again: true };

export function refusalWords(code: string | undefined): RefusalWords {
  return code !== undefined && Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : UNKNOWN;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where to begin again; null when the address of the page names no connection. */
export function beginAgain(connection: string | undefined): string | null {
  return connection !== undefined && UUID.test(connection) ? `/sso/${connection}/login` : null;
}
