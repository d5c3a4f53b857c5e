/** Job settings as lines to read: names and values of one that has several are one line each. */
export function settingLines(settings: Readonly<Record<string, unknown>>, prefix = ""): { readonly name: string; readonly text: string }[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    if (Array.isArray(value)) return [{ name: prefix + key, text: value.join(", ") }];
    if (typeof value === "object" && value !== null) return settingLines(value as Record<string, unknown>, `${prefix}${key}.`);
    return [{ name: prefix + key, text: String(value) }];
  });
}
