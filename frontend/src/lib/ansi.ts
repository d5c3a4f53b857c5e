export interface AnsiSegment {
  readonly text: string;
  readonly color: string | null;
  readonly bold: boolean;
}

const COLORS = ["muted", "red", "green", "yellow", "blue", "magenta", "cyan", "plain"] as const;
const ESCAPE = /\u001b\[([\d;]*)([A-Za-z])/g;

/** Splits a log message at its ANSI escapes; colours become names of ours, cursor movements vanish. */
export function parseAnsi(message: string): AnsiSegment[] {
  if (!message.includes("\u001b")) return message === "" ? [] : [{ text: message, color: null, bold: false }];
  const segments: AnsiSegment[] = [];
  let color: string | null = null;
  let bold = false;
  let from = 0;
  const push = (to: number) => {
    if (to > from) segments.push({ text: message.slice(from, to), color, bold });
  };
  for (const match of message.matchAll(ESCAPE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] ?? "").split(";").map(Number)) {
      if (code === 0) {
        color = null;
        bold = false;
      } else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code === 39) color = null;
      else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) color = COLORS[code % 10] ?? null;
    }
  }
  push(message.length);
  return segments;
}

export function stripAnsi(message: string): string {
  return message.replace(ESCAPE, "");
}
