import { parseAnsi } from "@/lib/ansi";
import { splitFileRefs } from "@/lib/traceback";

import { FileRef } from "./file-ref";

interface AnsiTextProps {
  readonly text: string;
  /** In any case; where they overlap, the longest is marked. */
  readonly needles?: readonly string[];
}

const NONE: readonly string[] = [];

/** A log message with its colours and places in files, or with what was searched for marked. */
export function AnsiText({ text, needles = NONE }: AnsiTextProps) {
  return parseAnsi(text).map((segment, index) => (
    <span
      key={index}
      style={{
        ...(segment.color === null ? {} : { color: colorOf(segment.color) }),
        ...(segment.bold ? { fontWeight: 650 } : {}),
      }}
    >
      {needles.length === 0 ? <WithRefs text={segment.text} /> : <Marked text={segment.text} needles={needles} />}
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

function Marked({ text, needles }: { readonly text: string; readonly needles: readonly string[] }) {
  const any = [...needles].sort((a, b) => b.length - a.length).map((needle) => needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // Split by a group, every second part is a hit.
  return text.split(new RegExp(`(${any.join("|")})`, "i")).map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part));
}
