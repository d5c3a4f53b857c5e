import { lookOf } from "@/features/world/model";

import styles from "./world.module.css";

/** What sort of thing it is: shape and colour, and its word for who cannot see either. */
export function KindIcon({ kind, size = 16 }: { readonly kind: string; readonly size?: number }) {
  const { icon, color, word } = lookOf(kind);
  return (
    <svg className={styles["kind"]} role="img" aria-label={word} viewBox="0 0 24 24" width={size} height={size} style={{ color }}>
      <title>{word}</title>
      <path d={icon} fill="none" stroke="currentColor" strokeWidth={1.7} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
