// Knowledge: the pages that were found, with state and cause, and what was read of each.

import { el, link, safeUrl } from "../widget/dom";
import { afterTyping, button, empty, fill, input, markdown, number, paging, path, saveAs, say, select, tag, time, type Tone } from "./parts";
import { call, download, messageOf } from "./session";
import type { KnownPage, Widget } from "./types";

const SIZE = 50;
const STATES: Record<string, [string, Tone]> = {
  stored: ["Read", "good"],
  failed: ["Failed", "bad"],
  skipped: ["Left out", "plain"],
  queued: ["Waiting", "busy"],
  found: ["Not read", "plain"],
};
/** Why a page was left out, in words. */
const REASONS: Record<string, string> = {
  robots: "The site's robots.txt forbids it",
  noindex: "The page asks not to be indexed",
  duplicate: "The same as another page",
  soft_404: "The page says that it does not exist",
  trap: "One of endlessly many pages",
  empty: "It has no text",
  off_site: "It leads to another site",
  too_large: "It is too large",
};
const METHODS: Record<string, string> = { static: "HTTP", http: "HTTP", rendered: "Browser", browser: "Browser" };

export function knowledgeTab(widget: Widget): HTMLElement {
  const text = input({ type: "search", placeholder: "Search by title or address", "aria-label": "Search" });
  const state = select({ "": "All pages", ...Object.fromEntries(Object.entries(STATES).map(([key, [name]]) => [key, name])) }, "", { "aria-label": "State" });
  const list = el("div", { class: "stack" });
  const load = (offset: number): void =>
    void fill(list, async () => {
      const query = new URLSearchParams({ limit: String(SIZE), offset: String(offset) });
      if (text.value.trim()) query.set("q", text.value.trim());
      if (state.value) query.set("state", state.value);
      const { pages, total, states } = await call<{ pages: KnownPage[]; total: number; states: Record<string, number> }>(`/api/widgets/${widget.id}/pages?${query}`, widget.token);
      if (!pages.length) {
        const isFiltered = !!text.value.trim() || !!state.value;
        return el("div", { class: "card" }, isFiltered ? empty("No page matches", "Change the search or the state.") : empty("No pages yet", "The widget has read nothing so far."));
      }
      return [summary(states), table(widget, pages), paging(offset, SIZE, total, load)];
    });
  text.addEventListener("input", afterTyping(() => load(0)));
  state.addEventListener("change", () => load(0));
  load(0);
  const save = async (): Promise<void> => {
    try {
      saveAs(await download(`/api/widgets/${widget.id}/pages`, widget.token, "text/markdown"), "knowledge.md");
    } catch (error) {
      say(messageOf(error));
    }
  };
  return el("div", { class: "stack" }, el("div", { class: "filters" }, text, state, button("Export Markdown", () => void save())), list);
}

function summary(states: Record<string, number>): HTMLElement {
  const parts = Object.entries(STATES)
    .filter(([key]) => states[key])
    .map(([key, [name]]) => el("div", {}, el("dt", {}, name), el("dd", {}, number(states[key]!))));
  return el("dl", { class: "figures" }, ...parts);
}

function table(widget: Widget, pages: KnownPage[]): HTMLElement {
  const heads = ["Page", "State", "Fetched by", "Length", "Read"].map((it) => el("th", { scope: "col", class: it === "Length" && "n" }, it));
  return el(
    "div",
    { class: "card flush" },
    el("table", { class: "list" }, el("caption", { class: "hidden" }, "Pages"), el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...pages.map((it) => row(widget, it)))),
  );
}

function row(widget: Widget, page: KnownPage): HTMLElement {
  const [name, tone] = STATES[page.state] ?? [page.state, "plain" as Tone];
  const url = safeUrl(page.url);
  const title = page.title || path(page.url);
  const open = page.id ? el("button", { type: "button", class: "as-link", click: () => void showText(widget, page.id!) }, title) : title;
  const cause = page.cause && (REASONS[page.cause] ?? page.cause);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, open, el("small", {}, url ? link(url, {}, path(url)) : page.url)),
    el("td", { "data-label": "State" }, tag(name, tone), cause ? el("small", {}, cause) : null),
    el("td", { "data-label": "Fetched by" }, page.method ? (METHODS[page.method] ?? page.method) : "–"),
    el("td", { "data-label": "Length", class: "n" }, page.tokens ? `${number(page.tokens)} tokens` : "–"),
    el("td", { "data-label": "Read" }, time(page.read_at)),
  );
}

/** Opens what was read from a page, as Markdown and as visitors see it. */
async function showText(widget: Widget, id: string): Promise<void> {
  const body = el("div", { class: "read", tabindex: "0", role: "region", "aria-label": "What was read" });
  const title = el("h2", { id: "read-title" }, "…");
  const views = select({ shown: "As visitors see it", source: "Markdown" }, "shown", { "aria-label": "View" });
  const dialog = el(
    "dialog",
    { class: "reader", "aria-labelledby": "read-title", close: () => dialog.remove() },
    el("header", { class: "row between" }, title, el("div", { class: "row" }, views, el("button", { type: "button", class: "btn", autofocus: true, click: () => dialog.close() }, "Close"))),
    body,
  );
  document.body.append(dialog);
  dialog.showModal();
  try {
    const page = await call<{ title: string; url: string; content: string }>(`/api/widgets/${widget.id}/pages/${id}`, widget.token);
    title.textContent = page.title || path(page.url);
    const show = (): void => body.replaceChildren(views.value === "shown" ? markdown(page.content) : el("pre", {}, page.content));
    views.addEventListener("change", show);
    show();
  } catch (error) {
    body.textContent = messageOf(error);
  }
}
