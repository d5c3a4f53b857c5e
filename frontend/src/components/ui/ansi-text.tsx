import { parseAnsi } from "@/lib/ansi";
import { splitFileRefs } from "@/lib/traceback";

import { FileRef } from "./file-ref";

interface AnsiTextProps {
  readonly text: string;
  readonly needle?: string;
}

/** A log message with its colours and places in files, or with what was searched for marked. */
export function AnsiText({ text, needle = "" }: AnsiTextProps) {
  return parseAnsi(text).map((segment, index) => (
    <span
      key={index}
      style={{
        ...(segment.color === null ? {} : { color: colorOf(segment.color) }),
        ...(segment.bold ? { fontWeight: 650 } : {}),
      }}
    >
      {needle === "" ? <WithRefs text={segment.text} /> : <Marked text={segment.text} needle={needle} />}
    </span>
  ));
}

function WithRefs({ text }: { readonly text: string }) {
  return splitFileRefs(text).map((part, index) => (part.isRef ? <FileRef key={index} place={part.text} /> : part.text));
}

function colorOf(name: string): string {
  if (name === "plain") return "var(--text)";
  return name === "muted" ? "var(--text-muted)" : `var(--ansi-${name})`;
}

function Marked({ text, needle }: { readonly text: string; readonly needle: string }) {
  const parts: { text: string; hit: boolean }[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    parts.push({ text: text.slice(from, at), hit: false }, { text: text.slice(at, at + needle.length), hit: true });
    from = at + needle.length;
  }
  parts.push({ text: text.slice(from), hit: false });
  return parts.map((part, index) => (part.hit ? <mark key={index}>{part.text}</mark> : part.text));
}
