import { paths } from "@/config/paths";

const SHORTEST_PASSWORD = 10;

/** What can be said about a new password without asking the server, or null. */
export function passwordProblem(password: string): string | null {
  if (password.length < SHORTEST_PASSWORD) return `Use at least ${SHORTEST_PASSWORD} characters.`;
  if (/^\d+$/.test(password)) return "Use more than digits.";
  return null;
}

/** Only an address of our own: a link in a mail must not be able to send people elsewhere after they log in. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[^\p{Cc}]*$/u.test(next) ? next : "/";
}

/** The token of the invitation that `next` leads to, or null. */
export function invitationIn(next: string | undefined): string | null {
  const [, token] = /^\/invitations\/([\w-]{1,200})$/.exec(next ?? "") ?? [];
  return token ?? null;
}

/** The login that leads on to `next`. */
export function loginFor(next: string | undefined): string {
  return next === undefined || next === paths.root ? paths.login : `${paths.login}?${new URLSearchParams({ next }).toString()}`;
}

const SERVICE_PROBLEMS: Readonly<Record<string, string>> = {
  cancelled: "You turned back at the other service. Nothing was changed.",
  denied: "The other service refused. Nothing was changed.",
  signup_closed: "Nobody can sign up here at present.",
  permission_denied: "This login may not be used here.",
  email_taken: "There is a login with this address already: log in with it, and connect the service under “Security”.",
  connected_other: "That login is connected to somebody else here.",
  reauthentication_required: "Confirm first that it is you, then connect the service again.",
};

/** What to say when the way back from another service carries an error. */
export function serviceProblem(error: string | undefined): string | null {
  if (error === undefined) return null;
  return SERVICE_PROBLEMS[error] ?? "Signing in with the other service didn’t work. Try again, or use another way.";
}
