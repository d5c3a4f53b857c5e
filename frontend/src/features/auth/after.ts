import { safeNext } from "@/features/auth/model";

const KEY = "headway-after-sign-up";

/** Where somebody wanted to go who has to read a mail first; its link opens another tab. */
export function keepNext(next: string | undefined): void {
  if (next === undefined) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
}

export function keptNext(): string {
  return safeNext(localStorage.getItem(KEY) ?? undefined);
}
