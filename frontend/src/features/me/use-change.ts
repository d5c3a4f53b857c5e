import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";

import { shownError, type Guard } from "@/lib/guard";

interface Change<TInput, TResult> {
  readonly guard: Guard;
  readonly run: (input: TInput) => Promise<TResult>;
  /** What has to be read again. */
  readonly reads: readonly QueryKey[];
  /** Said when it is done. */
  readonly said?: (result: TResult, input: TInput) => string | null;
  readonly onDone?: (result: TResult, input: TInput) => void;
}

/** A change to the person's own login: asks who it is when needed, reads anew, and says that it is done. */
export function useChange<TInput = void, TResult = void>({ guard, run, reads, said, onDone }: Change<TInput, TResult>) {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: (input: TInput) => guard(() => run(input)),
    onSuccess: async (result, input) => {
      await Promise.all(reads.map((queryKey) => client.invalidateQueries({ queryKey })));
      const message = said?.(result, input) ?? null;
      if (message !== null) notifications.show({ message });
      onDone?.(result, input);
    },
  });
  return { ...mutation, error: shownError(mutation.error) };
}
