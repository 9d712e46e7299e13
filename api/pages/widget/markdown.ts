// Renders Markdown to DOM nodes while it streams in. Text becomes text nodes, never markup; images are never loaded.
// Blocks followed by others are final: only the last ones are rendered again as text arrives.

import { el, link, safeUrl } from "./dom";

/** Returns the mark for citation `n` in the text. */
export type Cite = (n: number) => Node;

interface Block {
  kind: "fence" | "heading" | "rule" | "quote" | "list" | "table" | "paragraph";
  lines: string[];
  /** End of the block in the source. */
  end: number;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])\s*(\1\s*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+]|(\d{1,9})[.)])(\s+|$)/;
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const MAX_DEPTH = 8;

export class MarkdownStream {
  private source = "";
  private final = 0;
  private open: Node[] = [];

  constructor(
    private readonly target: HTMLElement,
    private readonly cite: Cite,
  ) {}

  /** Renders the text received so far; each call passes all of it. */
  update(source: string, isComplete: boolean): void {
    if (!source.startsWith(this.source.slice(0, this.final))) {
      this.target.replaceChildren();
      this.final = 0;
      this.open = [];
    }
    this.source = source;
    for (const node of this.open) node.parentNode?.removeChild(node);
    this.open = [];
    const start = this.final;
    const blocks = splitBlocks(source.slice(start));
    blocks.forEach((block, at) => {
      const isLast = at === blocks.length - 1;
      const shown = isLast && !isComplete ? splitBlocks(closeTail(block)) : [block];
      const nodes = shown.map((it) => renderBlock(it, this.cite, 0));
      this.target.append(...nodes);
      if (!isLast && isSettled(source, start + block.end)) this.final = start + block.end;
      else this.open.push(...nodes);
    });
  }
}

/** Whether two complete lines follow, so that the next block can no longer become part of this one. */
function isSettled(source: string, end: number): boolean {
  const next = source.indexOf("\n", end);
  return next >= 0 && source.includes("\n", next + 1);
}

/** The text of an unfinished block, with open marks at its end closed or held back. */
function closeTail({ kind, lines }: Block): string {
  const text = lines.join("\n");
  if (kind === "fence") return text;
  if (kind === "paragraph" && text.trimStart().startsWith("|")) return "";
  const closed = text
    .replace(/!?\[([^\][]*)\]\([^)]*$/, "$1")
    .replace(/!?\[\d*[\d,\s]*$/, "")
    .replace(/!?\[([^\][]*)$/, "$1")
    .replace(/(\*+|_+|`+|~+)$/, "");
  const isOpen = (mark: string): boolean => closed.split(mark).length % 2 === 0;
  return closed + ["`", "**"].filter(isOpen).join("");
}

function splitBlocks(source: string): Block[] {
  const blocks: Block[] = [];
  const lines = source.split("\n");
  const starts: number[] = [];
  lines.reduce((at, line, index) => ((starts[index] = at), at + line.length + 1), 0);
  let at = 0;
  while (at < lines.length) {
    if (!lines[at]!.trim()) {
      at++;
      continue;
    }
    const [kind, length] = measure(lines, at);
    const end = starts[at + length] ?? source.length;
    blocks.push({ kind, lines: lines.slice(at, at + length), end });
    at += length;
  }
  return blocks;
}

/** The kind of the block that begins at this line, and its number of lines. */
function measure(lines: string[], at: number): [Block["kind"], number] {
  const line = lines[at]!;
  const until = (ends: (line: string, index: number) => boolean): number => {
    let next = at + 1;
    while (next < lines.length && !ends(lines[next]!, next)) next++;
    return next - at;
  };
  const fence = FENCE.exec(line)?.[1];
  if (fence) {
    const length = until((it) => it.trim().startsWith(fence) && !it.trim().slice(fence.length).trim());
    return ["fence", Math.min(length + 1, lines.length - at)];
  }
  if (HEADING.test(line)) return ["heading", 1];
  if (RULE.test(line)) return ["rule", 1];
  if (QUOTE.test(line)) return ["quote", until((it) => !QUOTE.test(it))];
  if (ITEM.test(line)) return ["list", until((it, index) => endsList(lines, it, index))];
  if (isTable(lines, at)) return ["table", until((it) => !it.includes("|"))];
  return ["paragraph", until((it, index) => !it.trim() || interrupts(lines, it, index))];
}

function isTable(lines: string[], at: number): boolean {
  const delimiter = lines[at + 1] ?? "";
  return lines[at]!.includes("|") && delimiter.includes("|") && DELIMITER.test(delimiter);
}

function endsList(lines: string[], line: string, at: number): boolean {
  const continues = (it: string): boolean => ITEM.test(it) || /^\s{2,}\S/.test(it);
  if (!line.trim()) return !continues(lines.slice(at).find((it) => it.trim()) ?? "");
  return !continues(line) && (!lines[at - 1]!.trim() || interrupts(lines, line, at));
}

function interrupts(lines: string[], line: string, at: number): boolean {
  const item = ITEM.exec(line);
  const isItem = item !== null && item[4] !== "" && (item[3] === undefined || item[3] === "1");
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || isItem || isTable(lines, at);
}

function renderBlock({ kind, lines }: Block, cite: Cite, depth: number): HTMLElement {
  const text = (it: string): Node[] => renderInline(it, cite, depth);
  switch (kind) {
    case "fence":
      return renderFence(lines);
    case "heading":
      // Always h3, below the panel's h2: answers may start at any level, and heading levels must not be skipped (WCAG).
      return el("h3", {}, ...text(HEADING.exec(lines[0]!)![2]!));
    case "rule":
      return el("hr");
    case "quote":
      return el("blockquote", {}, ...renderNested(lines.map((line) => line.replace(QUOTE, "")), cite, depth));
    case "list":
      return renderList(lines, cite, depth);
    case "table":
      return renderTable(lines, text);
    default:
      return el("p", {}, ...text(lines.join("\n")));
  }
}

function renderNested(lines: string[], cite: Cite, depth: number): Node[] {
  if (depth >= MAX_DEPTH) return [document.createTextNode(lines.join(" "))];
  return splitBlocks(lines.join("\n")).map((block) => renderBlock(block, cite, depth + 1));
}

function renderFence(lines: string[]): HTMLElement {
  const fence = FENCE.exec(lines[0]!)![1]!;
  const isClosed = lines.length > 1 && lines[lines.length - 1]!.trim().startsWith(fence);
  const code = lines.slice(1, isClosed ? -1 : undefined).join("\n");
  return el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, code));
}

function renderList(lines: string[], cite: Cite, depth: number): HTMLElement {
  const [, indent = "", , number] = ITEM.exec(lines[0]!)!;
  const items: string[][] = [];
  let width = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1]!.length <= indent.length + 1) {
      width = item[0].length;
      items.push([line.slice(width)]);
    } else {
      const indented = /^\s*/.exec(line)![0].length;
      items.at(-1)!.push(line.slice(Math.min(width, indented)));
    }
  }
  const list = number ? el("ol", number === "1" ? {} : { start: number }) : el("ul");
  for (const item of items) {
    const nodes = renderNested(item, cite, depth);
    const [first, ...more] = nodes;
    // A paragraph that begins an item is unwrapped, so that it has no paragraph margin.
    const content = first instanceof HTMLParagraphElement ? [...first.childNodes] : nodes.slice(0, 1);
    list.append(el("li", {}, ...content, ...more));
  }
  return list;
}

function renderTable(lines: string[], text: (it: string) => Node[]): HTMLElement {
  const cells = (line: string): string[] =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const aligned = cells(lines[1]!).map((it) => (it.endsWith(":") ? (it.startsWith(":") ? "center" : "end") : undefined));
  const row = (line: string, tag: "th" | "td"): HTMLElement =>
    el("tr", {}, ...cells(line).slice(0, aligned.length).map((it, at) => el(tag, { class: aligned[at] }, ...text(it))));
  const table = el(
    "table",
    {},
    el("thead", {}, row(lines[0]!, "th")),
    el("tbody", {}, ...lines.slice(2).map((line) => row(line, "td"))),
  );
  return el("div", { class: "table", tabindex: "0" }, table);
}

// Repetitions are bounded: hostile text must not cause catastrophic backtracking.
const INLINE = new RegExp(
  [
    /\\(?<escaped>[!-/:-@[-`{-~])/,
    /(?<tick>`+)(?<code>[^`]|[^`][\s\S]{0,2000}?[^`])\k<tick>(?!`)/,
    /\[(?<cited>\d{1,3}(?:\s*,\s*\d{1,3})*)\](?![(:])/,
    /(?<picture>!?)\[(?<label>(?:[^[\]]|\[[^[\]]{0,200}\]){0,500})\]\(\s*<?(?<href>(?:[^\s<>()]|\([^\s<>()]{0,200}\)){0,2000})>?(?:\s+["'(][^)]*?["')])?\s*\)/,
    /<(?<angled>(?:https?:\/\/|mailto:)[^\s<>]+)>/,
    /(?<bare>https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?*_)\]。、，）」])/,
    /(?<strong>\*\*|__)(?=\S)(?<bold>[\s\S]{0,1000}?\S)\k<strong>/,
    /~~(?=\S)(?<struck>[\s\S]{0,1000}?\S)~~/,
    /\*(?=[^\s*])(?<stressed>[^*]{0,1000}[^\s*])\*/,
    /(?<![\p{L}\p{N}])_(?=[^\s_])(?<slanted>[^_]{0,1000}[^\s_])_(?![\p{L}\p{N}])/u,
    /(?<hard> {2,}|\\)\n/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

/** The inline text as nodes. */
export function renderInline(text: string, cite: Cite, depth: number): Node[] {
  const nodes: Node[] = [];
  const plain = (it: string): void => void (it && nodes.push(document.createTextNode(it.replace(/\s*\n\s*/g, " "))));
  if (depth > MAX_DEPTH) {
    plain(text);
    return nodes;
  }
  const within = (it: string): Node[] => renderInline(it, cite, depth + 1);
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    plain(text.slice(at, match.index));
    at = match.index + match[0].length;
    const it = match.groups!;
    if (it.escaped) plain(it.escaped);
    else if (it.code) nodes.push(el("code", { dir: "ltr" }, it.code.trim()));
    else if (it.cited) nodes.push(...it.cited.split(",").map((n) => cite(Number(n))));
    else if (it.label !== undefined) nodes.push(...renderLink(it.label, it.href!, it.picture !== "", within));
    else if (it.angled ?? it.bare) nodes.push(...renderLink(it.angled ?? it.bare!, it.angled ?? it.bare!, true, within));
    else if (it.bold) nodes.push(el("strong", {}, ...within(it.bold)));
    else if (it.struck) nodes.push(el("s", {}, ...within(it.struck)));
    else if (it.stressed ?? it.slanted) nodes.push(el("em", {}, ...within(it.stressed ?? it.slanted!)));
    else nodes.push(el("br"));
  }
  plain(text.slice(at));
  return nodes;
}

/** A link if its URL is safe, else its label; an image becomes a link with its alt text. */
function renderLink(label: string, href: string, isPlain: boolean, within: (it: string) => Node[]): Node[] {
  const address = safeUrl(href);
  const content = isPlain ? [document.createTextNode(label)] : within(label);
  return address ? [link(address, {}, ...content)] : content;
}
