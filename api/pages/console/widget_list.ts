// The list of widgets: search, filter, and what needs the owner's attention.

import { el } from "../widget/dom";
import { deleteWidget, rebuild } from "../start/following";
import { afterTyping, confirmFirst, empty, fill, host, input, number, plural, say, select, tag, time, button } from "./parts";
import { builtHere, call, Failed, forget, tokens } from "./session";
import { learn, may, mayBuild, rank, type Grant } from "./rights";
import type { Widget } from "./types";

const PAGE = 1_000;
const SHOWN = 100;
const STALE_DAYS = 8;

/** All widgets that the tokens open, each once, with the token that has the most rights; newest first. */
export async function loadWidgets(): Promise<Widget[]> {
  const found = new Map<string, Widget>();
  const lists = await Promise.all([...new Set([...tokens(), ...builtHere()])].map(listOf));
  const byRank = lists.flat().sort((a, b) => rank(b.role) - rank(a.role));
  for (const widget of byRank) if (!found.has(widget.id)) found.set(widget.id, widget);
  return [...found.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

async function listOf(token: string): Promise<Widget[]> {
  const all: Widget[] = [];
  try {
    for (;;) {
      const { widgets, total, role, workspace } = await call<Omit<Grant, "token"> & { widgets: Widget[]; total: number }>(`/api/widgets?limit=${PAGE}&offset=${all.length}`, token);
      learn({ token, role, workspace });
      all.push(...widgets.map((it) => ({ ...it, token, role })));
      if (all.length >= total || !widgets.length) return all;
    }
  } catch (error) {
    // Its widgets have been deleted, or it was revoked.
    if (error instanceof Failed && error.status === 403) forget(token);
    else throw error;
    return all;
  }
}

export function stateOf(widget: Widget): HTMLElement {
  if (widget.build_status === "pending" || widget.build_status === "running") {
    return widget.state === "ready" ? tag("Reading again", "busy") : tag("Building", "busy");
  }
  if (widget.state === "failed") return tag("Failed", "bad");
  return widget.build_status === "failed" ? tag("Ready, last reading failed", "bad") : tag("Ready", "good");
}

function isStale(widget: Widget): boolean {
  return !!widget.built_at && Date.now() - Date.parse(widget.built_at) > STALE_DAYS * 86_400_000;
}

const FILTERS: Record<string, [string, (it: Widget) => boolean]> = {
  all: ["All", () => true],
  failing: ["Failing", (it) => it.state === "failed" || it.build_status === "failed"],
  unanswered: ["With unanswered questions", (it) => it.unanswered > 0],
  stale: ["Not read for a week", isStale],
  building: ["Building", (it) => ["pending", "running"].includes(it.build_status ?? "")],
};

/** The page. */
export function listPage(go: (to: string) => void): HTMLElement {
  const place = el("div");
  const title = el("h1", {}, "Your widgets");
  void fill(place, async () => {
    const widgets = await loadWidgets();
    const canBuild = await mayBuild();
    add.hidden = !canBuild;
    return widgets.length ? new List(widgets, () => go("#/")).element : nothing(canBuild);
  });
  const add = el("a", { class: "btn primary", href: "#/add" }, "Add widgets");
  return el(
    "div",
    {},
    el("div", { class: "head" }, title, el("div", { class: "row" }, add)),
    place,
  );
}

function nothing(canBuild: boolean): HTMLElement {
  if (!canBuild) return el("div", { class: "card" }, empty("No widgets yet", "Widgets that the workspace's editors add are listed here."));
  const build = el("a", { class: "btn primary", href: "#/add" }, "Add widgets");
  return el("div", { class: "card" }, empty("No widgets yet", "Give the address of a website, and a widget that knows its pages is ready in seconds.", build));
}

class List {
  readonly element: HTMLElement;
  private readonly search = input({ type: "search", placeholder: "Search by name or address", "aria-label": "Search" });
  private readonly filter = select(Object.fromEntries(Object.entries(FILTERS).map(([key, [name]]) => [key, name])), "all", { "aria-label": "Show" });
  private readonly body = el("tbody");
  private readonly count = el("p", { class: "muted", role: "status" });
  private readonly more = button("Show more", () => this.show(this.limit + SHOWN));
  private readonly none = el("div", { class: "empty", hidden: true }, el("h3", {}, "No widget matches"), el("p", {}, "Change the search or the filter."));
  private readonly chosen = new Set<Widget>();
  private readonly actions = el("div", { class: "row chosen", hidden: true });
  private limit = SHOWN;

  constructor(
    private readonly widgets: Widget[],
    private readonly reload: () => void,
  ) {
    this.search.addEventListener("input", afterTyping(() => this.show(SHOWN)));
    this.filter.addEventListener("change", () => this.show(SHOWN));
    const heads = ["", "Website", "State", "Pages", "Last read", "Questions, 7 days", "Unanswered"];
    const head = heads.map((it, at) => (it ? el("th", { scope: "col", class: [3, 5, 6].includes(at) && "n" }, it) : el("td")));
    this.element = el(
      "div",
      {},
      el("div", { class: "filters" }, this.search, this.filter),
      this.actions,
      el("div", { class: "card flush" }, el("table", { class: "list widgets" }, el("caption", { class: "hidden" }, "Widgets"), el("thead", {}, el("tr", {}, ...head)), this.body), this.none),
      el("div", { class: "row between" }, this.count, this.more),
    );
    this.show(SHOWN);
  }

  private show(limit: number): void {
    this.limit = limit;
    const wanted = this.search.value.trim().toLowerCase();
    const [, fits] = FILTERS[this.filter.value]!;
    const found = this.widgets.filter((it) => fits(it) && `${it.name} ${it.site_url}`.toLowerCase().includes(wanted));
    this.body.replaceChildren(...found.slice(0, limit).map((it) => this.row(it)));
    this.none.hidden = found.length > 0;
    this.more.hidden = found.length <= limit;
    this.count.textContent = found.length === this.widgets.length ? plural(found.length, "widget") : `${number(found.length)} of ${plural(this.widgets.length, "widget")}`;
  }

  private row(widget: Widget): HTMLElement {
    const box = el("input", { type: "checkbox", "aria-label": `Choose ${widget.name || host(widget.site_url)}`, checked: this.chosen.has(widget) });
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(widget);
      else this.chosen.delete(widget);
      this.showActions();
    });
    const name = el("a", { href: `#/w/${widget.id}`, class: "name" }, widget.name || host(widget.site_url));
    const unanswered = widget.unanswered ? el("a", { href: `#/w/${widget.id}/answers`, class: "warn" }, number(widget.unanswered)) : "0";
    const cell = (label: string, kind: string, ...children: (Node | string)[]): HTMLElement => el("td", { class: kind, "data-label": label }, ...children);
    return el(
      "tr",
      {},
      el("td", { class: "box" }, may(widget, "editor") && box),
      el("th", { scope: "row" }, name, el("small", {}, host(widget.site_url))),
      cell("State", "", stateOf(widget)),
      cell("Pages", "n", number(widget.pages)),
      cell("Last read", "", time(widget.built_at)),
      cell("Questions, 7 days", "n", number(widget.questions)),
      cell("Unanswered", "n", unanswered),
    );
  }

  private showActions(): void {
    const chosen = [...this.chosen];
    this.actions.hidden = !chosen.length;
    const again = async (): Promise<void> => {
      for (const widget of chosen) {
        // The build goes on without its stream.
        const events = await rebuild(widget.id, widget.token).catch(() => undefined);
        await events?.next();
        await events?.return(undefined);
      }
      say(`Reading ${plural(chosen.length, "site")} again.`);
      this.reload();
    };
    const remove = (): void =>
      confirmFirst(
        `Delete ${plural(chosen.length, "widget")}?`,
        "Their knowledge, conversations, own answers and settings are deleted. This cannot be undone. Pages that still have a snippet will show no chat.",
        "Delete",
        async () => {
          for (const widget of chosen) await deleteWidget(widget.id, widget.token);
          say(`${plural(chosen.length, "widget")} deleted.`);
          this.reload();
        },
      );
    const children = [el("span", {}, `${plural(chosen.length, "widget")} chosen`), button("Read again", () => void again()), chosen.every((it) => may(it, "owner")) && button("Delete", remove, "danger")];
    this.actions.replaceChildren(...children.filter((it) => it !== false));
  }
}
