/** A piece of running text. Nothing of it is ever read as HTML. */
export type Inline =
  | { readonly kind: "text" | "strong" | "emphasis" | "code"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly inline: readonly Inline[] }
  | { readonly kind: "paragraph"; readonly inline: readonly Inline[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "code"; readonly text: string };

const BULLET = /^\s*[-*]\s+(.*)$/;
const NUMBER = /^\s*\d{1,9}[.)]\s+(.*)$/;
const HEADING = /^(#{1,4})\s+(.*)$/;
const FENCE = "```";

/** Headings, lists, code, links, strong and emphasised text: what a note on a dashboard needs. */
export function readMarkdown(source: string): Block[] {
  const lines = source.split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const take = (matches: (line: string) => string | undefined): string[] => {
    const taken: string[] = [];
    for (let found = matches(lines[at] ?? ""); at < lines.length && found !== undefined; found = matches(lines[at] ?? "")) {
      taken.push(found);
      at += 1;
    }
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = HEADING.exec(line);
    if (line.trim() === "") at += 1;
    else if (line.startsWith(FENCE)) {
      at += 1;
      blocks.push({ kind: "code", text: take((each) => (each.startsWith(FENCE) ? undefined : each)).join("\n") });
      at += 1;
    } else if (heading !== null) {
      blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, inline: readInline(heading[2] ?? "") });
      at += 1;
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      const marker = BULLET.test(line) ? BULLET : NUMBER;
      blocks.push({ kind: "list", ordered: marker === NUMBER, items: take((each) => marker.exec(each)?.[1]).map(readInline) });
    } else {
      const own = (each: string) => (each.trim() === "" || each.startsWith(FENCE) || HEADING.test(each) || BULLET.test(each) || NUMBER.test(each) ? undefined : each);
      blocks.push({ kind: "paragraph", inline: readInline(take(own).join(" ")) });
    }
  }
  return blocks;
}

/** By block, how deep a heading lies in the text: never more than one below that before it, whatever was typed. */
export function outline(blocks: readonly Block[]): readonly (number | undefined)[] {
  const above: number[] = [];
  return blocks.map((block) => {
    if (block.kind !== "heading") return undefined;
    while ((above.at(-1) ?? 0) >= block.level) above.pop();
    above.push(block.level);
    return above.length;
  });
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^()\s]+)\)/g;

export function readInline(text: string): Inline[] {
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) found.push({ kind: "text", text: text.slice(end, match.index) });
    const [whole, code, strong, emphasis, label, href] = match;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else if (emphasis !== undefined) found.push({ kind: "emphasis", text: emphasis });
    else if (label !== undefined && href !== undefined && isSafe(href)) found.push({ kind: "link", text: label, href });
    else found.push({ kind: "text", text: whole });
    end = match.index + whole.length;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

/** Web addresses, and places of this app. Any other scheme could run code, or lead where nobody expects. */
function isSafe(href: string): boolean {
  if (href.startsWith("/")) return !href.startsWith("//") && !href.startsWith("/\\");
  return /^https?:\/\//i.test(href);
}
