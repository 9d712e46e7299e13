// Knowledge: the owner's files and texts, and the pages that were found, with state, cause and what was read of each.

import { el, link, safeUrl } from "../widget/dom";
import { afterTyping, button, empty, fill, host, input, markdown, number, paging, path, saveAs, say, select, tag, time, type Tone } from "./parts";
import { may } from "./rights";
import { call, download, messageOf } from "./session";
import { sitesCard } from "./further_sites";
import { sourcesCard } from "./sources";
import type { Details, KnownPage, Widget } from "./types";

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
  no_ai: "The page asks not to be used by AI",
  duplicate: "The same as another page",
  soft_404: "The page says that it does not exist",
  trap: "One of endlessly many pages",
  empty: "It has no text",
  excluded: "By your rules",
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
      return [summary(states), table(widget, pages, () => load(offset)), paging(offset, SIZE, total, load)];
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
  const sources = sourcesCard(widget, (id) => void showText(widget, id));
  const sites = sitesCard(widget, () => load(0));
  return el("div", { class: "stack" }, sources, sites, el("h2", {}, "Pages read"), el("div", { class: "filters" }, text, state, button("Export Markdown", () => void save())), list);
}

function summary(states: Record<string, number>): HTMLElement {
  const parts = Object.entries(STATES)
    .filter(([key]) => states[key])
    .map(([key, [name]]) => el("div", {}, el("dt", {}, name), el("dd", {}, number(states[key]!))));
  return el("dl", { class: "figures" }, ...parts);
}

function table(widget: Widget, pages: KnownPage[], again: () => void): HTMLElement {
  const canEdit = may(widget, "editor");
  const heads = ["Page", "State", "Fetched by", "Tokens", "Read", ...(canEdit ? ["Answers"] : [])].map((it) => el("th", { scope: "col", class: it === "Tokens" && "n" }, it));
  const rows = pages.map((it) => row(widget, it, canEdit && el("td", { "data-label": "Answers" }, choice(widget, it, again) ?? "–")));
  return el(
    "div",
    { class: "card flush" },
    el("table", { class: "list" }, el("caption", { class: "hidden" }, "Pages"), el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
  );
}

function row(widget: Widget, page: KnownPage, chosen: HTMLElement | false): HTMLElement {
  const [name, tone] = STATES[page.state] ?? [page.state, "plain" as Tone];
  const url = safeUrl(page.url);
  const title = page.title || path(page.url);
  const isOwn = host(page.url) === host(widget.site_url);
  const place = `${isOwn ? "" : host(page.url)}${path(page.url)}`;
  const open = page.id ? el("button", { type: "button", class: "as-link", click: () => void showText(widget, page.id!) }, title) : title;
  const cause = page.cause && (REASONS[page.cause] ?? page.cause);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("bdi", {}, open), el("small", {}, url ? link(url, {}, place) : page.url)),
    el("td", { "data-label": "State" }, tag(name, tone), cause ? el("small", {}, cause) : null),
    el("td", { "data-label": "Fetched by" }, page.method ? (METHODS[page.method] ?? page.method) : "–"),
    el("td", { "data-label": "Tokens", class: "n" }, page.tokens ? number(page.tokens) : "–"),
    el("td", { "data-label": "Read" }, time(page.read_at)),
    chosen,
  );
}

/** A button that leaves the page out of the answers, or takes it in; null where neither is possible. */
function choice(widget: Widget, page: KnownPage, again: () => void): HTMLElement | null {
  const isExcluded = page.cause === "excluded";
  const isUnindexed = page.cause === "noindex";
  // Rules are of paths; start pages are always read.
  if (!URL.canParse(page.url) || new URL(page.url).search || page.is_start || !(page.id || isExcluded || isUnindexed)) return null;
  const own = new URL(page.url).pathname;
  const change = async (): Promise<void> => {
    try {
      const route = `/api/widgets/${widget.id}`;
      const { rules } = await call<Details>(route, widget.token);
      const without = (name: string): string[] => (rules[name] as string[]).filter((it) => it !== own);
      const others = without("exclude");
      if (isExcluded && others.length === rules.exclude.length) return say("A rule for several pages leaves it out. Change the rule in the settings.");
      const body = isUnindexed ? { read_noindex_paths: [...without("read_noindex_paths"), own] } : { exclude: isExcluded ? others : [...others, own] };
      await call(route, widget.token, { method: "PATCH", body });
      say(isUnindexed ? "The next reading of the site takes the page in." : isExcluded ? "The page is in the answers again." : "The page is in no answer from now on.");
      again();
    } catch (error) {
      say(messageOf(error));
    }
  };
  const label = isExcluded || isUnindexed ? "Take in" : "Leave out";
  return button(label, () => void change(), "quiet", { "aria-label": `${label}: ${page.title || own}` });
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
