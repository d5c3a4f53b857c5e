import styles from "./tag-list.module.css";

interface TagListProps {
  readonly tags: readonly string[];
  readonly max?: number;
  /** Each is for itself in the line of whoever holds them, which leaves out whole ones. */
  readonly loose?: boolean;
}

export function TagList({ tags, max = 3, loose = false }: TagListProps) {
  const rest = tags.length - max;
  return (
    <span className={styles[loose ? "loose" : "tags"]} title={loose ? tags.join(", ") : undefined}>
      {tags.slice(0, max).map((tag) => (
        <span key={tag} className={styles["tag"]}>
          {tag}
        </span>
      ))}
      {rest > 0 && (
        <span className={styles["more"]} title={tags.slice(max).join(", ")}>
          +{rest}
        </span>
      )}
    </span>
  );
}
