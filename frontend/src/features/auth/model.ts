const SHORTEST_PASSWORD = 10;

/** What can be said about a new password without asking the server, or null. */
export function passwordProblem(password: string): string | null {
  if (password.length < SHORTEST_PASSWORD) return `Use at least ${SHORTEST_PASSWORD} characters.`;
  if (/^\d+$/.test(password)) return "Use more than digits.";
  return null;
}

/** Only an address of our own: a link in a mail must not be able to send people elsewhere after they log in. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";
}
