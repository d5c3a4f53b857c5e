import { useCallback, useState, type ReactNode } from "react";

import { ReauthenticationDialog } from "@/features/auth/components/reauthentication-dialog";
import { waysToConfirm } from "@/lib/auth-client";
import { TurnedAway, type Guard } from "@/lib/guard";

interface Question {
  readonly ways: readonly string[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** For dangerous changes: asks who it is when the server wants to know, and does the change again. */
export function useReauthentication(): { readonly guard: Guard; readonly dialog: ReactNode } {
  const [question, setQuestion] = useState<Question | null>(null);

  const ask = useCallback(
    (ways: readonly string[]) =>
      new Promise<boolean>((resolve) => {
        const answer = (confirmed: boolean) => () => {
          setQuestion(null);
          resolve(confirmed);
        };
        setQuestion({ ways, onDone: answer(true), onClose: answer(false) });
      }),
    [],
  );

  const guard = useCallback(
    async <T,>(action: () => Promise<T>): Promise<T> => {
      try {
        return await action();
      } catch (error) {
        const ways = waysToConfirm(error);
        if (ways === null) throw error;
        if (!(await ask(ways))) throw new TurnedAway();
        return action();
      }
    },
    [ask],
  );

  return { guard, dialog: question === null ? null : <ReauthenticationDialog {...question} /> };
}
