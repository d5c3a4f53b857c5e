import { useEffect, useEffectEvent, useState } from "react";

import { isTyping } from "@/lib/keyboard";

/** j/k walk a list, Enter opens, as long as nobody is typing or a dialog is open. Returns the row under the cursor, or −1. */
export function useRowKeys(count: number, open: (index: number) => void, reveal?: (index: number) => void): number {
  const [active, setActive] = useState(-1);
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (isTyping(event) || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "j" || event.key === "k") {
      const next = Math.max(0, Math.min(count - 1, active + (event.key === "j" ? 1 : -1)));
      setActive(next);
      reveal?.(next);
    } else if (event.key === "Enter" && active >= 0 && active < count && document.activeElement === document.body) {
      open(active);
    }
  });

  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return active < count ? active : -1;
}
