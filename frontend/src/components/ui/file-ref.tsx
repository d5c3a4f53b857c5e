import styles from "./file-ref.module.css";
import { useCopy } from "./use-copy";

/** A place in a file; a click copies it, ready for an editor's "go to file". */
export function FileRef({ place, children }: { readonly place: string; readonly children?: string }) {
  const { copied, copy } = useCopy();
  return (
    <button
      type="button"
      className={styles["ref"]}
      title={copied ? "Copied" : `Copy ${place}`}
      data-copied={copied || undefined}
      onClick={(event) => {
        event.stopPropagation();
        copy(place);
      }}
    >
      {children ?? place}
      <span className="visually-hidden" aria-live="polite">
        {copied ? " copied" : ""}
      </span>
    </button>
  );
}
