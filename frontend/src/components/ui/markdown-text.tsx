import { outline, readMarkdown, type Inline } from "./markdown";
import styles from "./markdown-text.module.css";

interface MarkdownTextProps {
  readonly source: string;
  /** Whether who reads may go to other pages of the app; else links to them are shown as text. */
  readonly inside?: boolean;
  /** The level of the heading that it stands below. */
  readonly below?: number;
}

/** Written text. It becomes elements, never HTML: whatever stands in it is shown, not run. */
export function MarkdownText({ source, inside = true, below = 2 }: MarkdownTextProps) {
  const blocks = readMarkdown(source);
  const depths = outline(blocks);
  return (
    <div className={styles["text"]}>
      {blocks.map((block, place) => {
        switch (block.kind) {
          case "heading":
            return (
              <p key={place} role="heading" aria-level={below + (depths[place] ?? 1)} className={styles["heading"]} data-level={block.level}>
                <Inlines inline={block.inline} inside={inside} />
              </p>
            );
          case "paragraph":
            return (
              <p key={place}>
                <Inlines inline={block.inline} inside={inside} />
              </p>
            );
          case "code":
            return <pre key={place}>{block.text}</pre>;
          case "list": {
            const items = block.items.map((inline, item) => (
              <li key={item}>
                <Inlines inline={inline} inside={inside} />
              </li>
            ));
            return block.ordered ? <ol key={place}>{items}</ol> : <ul key={place}>{items}</ul>;
          }
        }
      })}
    </div>
  );
}

function Inlines({ inline, inside }: { readonly inline: readonly Inline[]; readonly inside: boolean }) {
  return inline.map((each, place) => {
    switch (each.kind) {
      case "text":
        return each.text;
      case "strong":
        return <strong key={place}>{each.text}</strong>;
      case "emphasis":
        return <em key={place}>{each.text}</em>;
      case "code":
        return <code key={place}>{each.text}</code>;
      case "link":
        if (!inside && each.href.startsWith("/")) return each.text;
        return (
          <a key={place} href={each.href} className="link" {...(each.href.startsWith("/") ? {} : { target: "_blank", rel: "noreferrer noopener" })}>
            {each.text}
          </a>
        );
    }
  });
}
