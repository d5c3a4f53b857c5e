import { useState } from "react";

import { plural } from "@/lib/units";

import styles from "./json-view.module.css";

const OPEN_DEPTH = 2;
const SHOWN_AT_ONCE = 200;

interface JsonNodeProps {
  readonly name?: string;
  readonly value: unknown;
  readonly depth: number;
  readonly needle: string;
}

export function JsonNode({ name, value, depth, needle }: JsonNodeProps) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  if (typeof value !== "object" || value === null) return <Leaf name={name} value={value} needle={needle} />;

  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  const found = needle !== "" && containsText(value, needle);
  const open = chosen ?? (found || depth < OPEN_DEPTH);
  const [left, right] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return <Leaf name={name} value={`${left}${right}`} needle={needle} bare />;
  return (
    <div>
      <button type="button" className={styles["toggle"]} aria-expanded={open} onClick={() => setChosen(!open)}>
        <span className={styles["caret"]} data-open={open} aria-hidden="true">
          ▸
        </span>
        {name !== undefined && <Name text={name} needle={needle} />}
        {left}
        {!open && (
          <>
            <span className="muted">{` ${plural(entries.length, isList ? "item" : "key")} `}</span>
            {right}
          </>
        )}
      </button>
      {open && (
        <div className={styles["children"]}>
          {entries.slice(0, shown).map(([key, child]) => (
            <JsonNode key={key} {...(isList ? {} : { name: key })} value={child} depth={depth + 1} needle={needle} />
          ))}
          {entries.length > shown && (
            <button type="button" className={styles["toggle"]} onClick={() => setShown(shown + SHOWN_AT_ONCE)}>
              <span className="link">Show more of {entries.length}</span>
            </button>
          )}
        </div>
      )}
      {open && <span className={styles["close"]}>{right}</span>}
    </div>
  );
}

interface LeafProps {
  readonly name: string | undefined;
  readonly value: unknown;
  readonly needle: string;
  readonly bare?: boolean;
}

function Leaf({ name, value, needle, bare = false }: LeafProps) {
  const text = bare ? String(value) : (JSON.stringify(value) ?? "undefined");
  return (
    <div className={styles["leaf"]}>
      {name !== undefined && <Name text={name} needle={needle} />}
      <span className={styles[bare ? "punctuation" : kindOfValue(value)]} data-hit={isHit(text, needle) || undefined}>
        {text}
      </span>
    </div>
  );
}

function Name({ text, needle }: { readonly text: string; readonly needle: string }) {
  return (
    <>
      <span className={styles["name"]} data-hit={isHit(text, needle) || undefined}>
        {text}
      </span>
      <span className="muted">: </span>
    </>
  );
}

function kindOfValue(value: unknown): "string" | "number" | "keyword" {
  if (typeof value === "string") return "string";
  return typeof value === "number" ? "number" : "keyword";
}

function isHit(text: string, needle: string): boolean {
  return needle !== "" && text.toLowerCase().includes(needle);
}

function containsText(value: unknown, needle: string): boolean {
  return JSON.stringify(value).toLowerCase().includes(needle);
}
