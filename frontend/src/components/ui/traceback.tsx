import { ActionIcon, Tooltip } from "@mantine/core";
import { useState } from "react";

import { groupParts, parseTraceback, type Frame } from "@/lib/traceback";
import { plural } from "@/lib/units";

import { FileRef } from "./file-ref";
import { Icon } from "./icon";
import styles from "./traceback.module.css";
import { useCopy } from "./use-copy";

/** A Python traceback: one's own frames stand out, those of libraries are folded, places are copied by a click. */
export function Traceback({ text, bare = false }: { readonly text: string; readonly bare?: boolean }) {
  const { copied, copy } = useCopy();
  return (
    <div className={styles["box"]} data-bare={bare || undefined}>
      {groupParts(parseTraceback(text)).map((group, index) => {
        if (!("frames" in group)) return <div key={index} className={styles["text"]}>{group.text}</div>;
        return group.own ? <Frames key={index} frames={group.frames} own /> : <Folded key={index} frames={group.frames} />;
      })}
      {!bare && (
        <Tooltip label={copied ? "Copied" : "Copy traceback"}>
          <ActionIcon className={styles["copy"] ?? ""} size="sm" aria-label="Copy traceback" onClick={() => copy(text)}>
            <Icon name={copied ? "check" : "copy"} size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}

function Folded({ frames }: { readonly frames: readonly Frame[] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={styles["fold"]} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        {plural(frames.length, "frame")} of libraries
      </button>
      {open && <Frames frames={frames} own={false} />}
    </>
  );
}

function Frames({ frames, own }: { readonly frames: readonly Frame[]; readonly own: boolean }) {
  return frames.map((frame, index) => (
    <div key={index} className={styles["frame"]} data-own={own}>
      <div>
        <FileRef place={`${frame.file}:${frame.line}`} />
        {frame.inside !== "" && <span className="muted"> in {frame.inside}</span>}
      </div>
      {frame.code.length > 0 && <div className={styles["code"]}>{frame.code.join("\n")}</div>}
    </div>
  ));
}
