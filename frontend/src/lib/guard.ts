/** Runs a change; where it needs a fresh proof of who asks, gets that first. */
export type Guard = <T>(action: () => Promise<T>) => Promise<T>;

/** They were asked to confirm that it is them, and turned away: no error to show. */
export class TurnedAway extends Error {
  override readonly name = "TurnedAway";
}

/** The error to show, if there is one. */
export function shownError(error: unknown): unknown {
  return error instanceof TurnedAway ? null : error;
}
