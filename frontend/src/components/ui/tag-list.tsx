import styles from "./tag-list.module.css";

export function TagList({ tags, max = 3 }: { readonly tags: readonly string[]; readonly max?: number }) {
  const rest = tags.length - max;
  return (
    <span className={styles["tags"]}>
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
