import { useDisclosure } from "@mantine/hooks";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef } from "react";

import { isTyping } from "@/lib/keyboard";

const CHORD_MS = 1_200;

interface Disclosure {
  readonly opened: boolean;
  readonly open: () => void;
  readonly close: () => void;
}

/** The keys that work on every page: ⌘K, ?, /, Esc, and g followed by a page's letter. */
export function useShellKeys<T extends { readonly key: string }>(pages: readonly T[], go: (page: T) => void): { palette: Disclosure; help: Disclosure } {
  const [paletteOpened, palette] = useDisclosure(false);
  const [helpOpened, help] = useDisclosure(false);
  const router = useRouter();
  const chordAt = useRef(0);

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      palette.toggle();
      return;
    }
    if (isTyping(event) || event.metaKey || event.ctrlKey || event.altKey) return;
    const page = pages.find((each) => each.key === event.key);
    if (Date.now() - chordAt.current < CHORD_MS && page !== undefined) {
      chordAt.current = 0;
      go(page);
    } else if (event.key === "g") chordAt.current = Date.now();
    else if (event.key === "?") help.toggle();
    else if (event.key === "/") {
      event.preventDefault();
      document.querySelector<HTMLInputElement>("[data-page-search]")?.focus();
    } else if (event.key === "Escape" && !event.defaultPrevented && document.querySelector("[role='dialog']") === null) {
      if (router.history.canGoBack()) router.history.back();
    }
  });

  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return { palette: { opened: paletteOpened, ...palette }, help: { opened: helpOpened, ...help } };
}
