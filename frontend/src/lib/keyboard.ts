const TYPING = "input, textarea, select, [contenteditable='true'], [role='dialog'] *, [role='menu'] *, [role='listbox'] *";

/** True while a key belongs to a field or a dialog and not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.matches(TYPING);
}

export const isMac = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.userAgent);
export const commandKey = isMac ? "⌘K" : "Ctrl K";
