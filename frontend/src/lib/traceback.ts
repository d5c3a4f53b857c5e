export interface Frame {
  readonly kind: "frame";
  readonly file: string;
  readonly line: number;
  readonly inside: string;
  readonly code: readonly string[];
  /** Code of the person's own, as opposed to that of a library. */
  readonly own: boolean;
}

export interface TracebackText {
  readonly kind: "text";
  readonly text: string;
}

export type TracebackPart = Frame | TracebackText;

const HEAD = "Traceback (most recent call last):";
const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
const LIBRARY = /[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|[\\/]headway[\\/]_|^<frozen /;

export function hasTraceback(text: string): boolean {
  return text.includes(HEAD);
}

/** A Python traceback as frames with the words between them; whatever is not understood stays text, in its place. */
export function parseTraceback(text: string): TracebackPart[] {
  const parts: TracebackPart[] = [];
  let words: string[] = [];
  let frame: { file: string; line: number; inside: string; code: string[] } | null = null;
  const endFrame = () => {
    if (frame !== null) parts.push({ kind: "frame", ...frame, own: !LIBRARY.test(frame.file) });
    frame = null;
  };
  const endWords = () => {
    if (words.join("").trim() !== "") parts.push({ kind: "text", text: words.join("\n").trim() });
    words = [];
  };
  for (const row of text.split("\n")) {
    const found = FRAME.exec(row);
    if (found !== null) {
      endFrame();
      endWords();
      frame = { file: found[1] ?? "", line: Number(found[2]), inside: found[3] ?? "", code: [] };
    } else if (frame !== null && row.startsWith("    ")) frame.code.push(row.slice(4));
    else {
      endFrame();
      if (row !== HEAD) words.push(row);
    }
  }
  endFrame();
  endWords();
  return parts;
}

export interface FrameGroup {
  readonly own: boolean;
  readonly frames: readonly Frame[];
}

/** Neighbouring frames of libraries as one group, to be folded; the last frame is where it happened and stands alone. */
export function groupParts(parts: readonly TracebackPart[]): (FrameGroup | TracebackText)[] {
  const groups: (FrameGroup | TracebackText)[] = [];
  parts.forEach((part, index) => {
    if (part.kind === "text") {
      groups.push(part);
      return;
    }
    const own = part.own || parts[index + 1]?.kind !== "frame";
    const last = groups.at(-1);
    if (last !== undefined && "frames" in last && last.own === own) groups[groups.length - 1] = { own, frames: [...last.frames, part] };
    else groups.push({ own, frames: [part] });
  });
  return groups;
}

const FILE_REF = /(?:[\w.@~-]*[\\/])*[\w.@-]+\.(?:py|sql|yml|yaml|toml|json|sh|ts|tsx|js|java|scala|go|rs|r):\d+/gi;

/** Splits a text at what reads as a place in a file, "flows/orders.py:41". */
export function splitFileRefs(text: string): { readonly text: string; readonly isRef: boolean }[] {
  const parts: { text: string; isRef: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(FILE_REF)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index), isRef: false });
    parts.push({ text: match[0], isRef: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), isRef: false });
  return parts;
}
