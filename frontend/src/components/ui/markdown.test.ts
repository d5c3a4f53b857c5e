import { describe, expect, it } from "vitest";

import { outline, readInline, readMarkdown } from "./markdown";

describe("markdown", () => {
  it("reads headings, lists, code and paragraphs", () => {
    const blocks = readMarkdown("# Loads\n\nOne\ntwo\n- a\n- b\n1. c\n```\n# no heading\n```\n\nend");

    expect(blocks.map(({ kind }) => kind)).toEqual(["heading", "paragraph", "list", "list", "code", "paragraph"]);
    expect(blocks[1]).toEqual({ kind: "paragraph", inline: [{ kind: "text", text: "One two" }] });
    expect(blocks[4]).toEqual({ kind: "code", text: "# no heading" });
  });

  it("reads strong, emphasised and linked text", () => {
    expect(readInline("a **b** *c* `d` [e](https://example.com/x)")).toEqual([
      { kind: "text", text: "a " },
      { kind: "strong", text: "b" },
      { kind: "text", text: " " },
      { kind: "emphasis", text: "c" },
      { kind: "text", text: " " },
      { kind: "code", text: "d" },
      { kind: "text", text: " " },
      { kind: "link", text: "e", href: "https://example.com/x" },
    ]);
  });

  it.each(["javascript:alert`1`", "JAVASCRIPT:x", "data:text/html,x", "//evil.example", "/\\evil.example", "vbscript:x", "x:y"])("does not link to %s", (href) => {
    expect(readInline(`[a](${href})`).some(({ kind }) => kind === "link")).toBe(false);
  });

  it.each([
    ["# a\n## b\n# c", [1, 2, 1]],
    ["## a\n#### b\n### c\n## d", [1, 2, 2, 1]],
    ["#### a\n# b\n\ntext\n## c", [1, 1, undefined, 2]],
  ])("lays headings one below the other, whatever their marks: %j", (source, depths) => {
    expect(outline(readMarkdown(source))).toEqual(depths);
  });

  it("ends with code that is never closed, and with nothing", () => {
    expect(readMarkdown("```\nx")).toEqual([{ kind: "code", text: "x" }]);
    expect(readMarkdown("")).toEqual([]);
    expect(readMarkdown("<script>alert(1)</script>")).toEqual([{ kind: "paragraph", inline: [{ kind: "text", text: "<script>alert(1)</script>" }] }]);
  });
});
