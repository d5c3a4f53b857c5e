import { ApiError } from "@/lib/errors";

/** Why a search can't be read, and where in it. */
export interface QueryFault {
  readonly message: string;
  readonly position: number;
  readonly length: number;
}

/** What the server couldn't read of a search, when that is what went wrong. */
export function queryFault(error: unknown): QueryFault | null {
  if (!(error instanceof ApiError) || error.fields["q"] === undefined) return null;
  const { position, length } = error.details;
  if (typeof position !== "number" || typeof length !== "number") return null;
  return { message: error.message, position, length };
}
