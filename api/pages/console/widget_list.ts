// The list of widgets: search, filter, and what needs the owner's attention.

import { el } from "../widget/dom";
import { deleteWidget } from "../start/following";
import { readAgain } from "./bulk_run";
import { afterTyping, button, confirmFirst, empty, fill, host, input, number, plural, saveAs, say, select, time } from "./parts";
import { may, mayBuild } from "./rights";
import { Failed } from "./session";
import type { Widget } from "./types";
import { myWorkspaces } from "./my_workspaces";
import { asCsv, isBuilding, isStale, loadWidgets, stateOf } from "./widgets";

const SHOWN = 100;
const FOLLOW_MS = 5_000;

const FILTERS: Record<string, [string, (it: Widget) => boolean]> = {
  all: ["All", () => true],
  failing: ["Failing", (it) => it.state === "failed" || it.build_status === "failed"],
  unanswered: ["With unanswered questions", (it) => it.unanswered > 0],
  stale: ["Not read for a week", isStale],
  building: ["Building", isBuilding],
};

/** The page: all widgets, or those of one workspace by its id. */
export function listPage(workspace: string, go: (to: string) => void): HTMLElement {
  const place = el("div");
  const title = el("h1", {}, "Your widgets");
  const load = (): Promise<Widget[]> => loadWidgets(workspace ? { workspace } : {});
  void fill(place, async () => {
    const widgets = await load();
    const canBuild = await mayBuild();
    add.hidden = !canBuild;
    if (workspace) title.textContent = `Widgets of ${await nameOf(workspace)}`;
    return widgets.length ? new List(widgets, load, () => go(location.hash)).element : nothing(canBuild);
  });
  const add = el("a", { class: "btn primary", href: "#/add" }, "Add widgets");
  return el(
    "div",
    {},
    el("div", { class: "head" }, title, el("div", { class: "row" }, add)),
    place,
  );
}

async function nameOf(workspace: string): Promise<string> {
  return (await myWorkspaces()).find((it) => it.id === workspace)?.name ?? "the workspace";
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
  private readonly none = el("div", { class: "empty", hidden: true }, el("strong", {}, "No widget matches"), el("p", {}, "Change the search or the filter."));
  private readonly all = el("input", { type: "checkbox" });
  private readonly allLabel = el("span");
  private found: Widget[] = [];
  /** The chosen widgets' ids. */
  private chosen = new Set<string>();
  private readonly actions = el("div", { class: "row chosen", hidden: true });
  private limit = SHOWN;

  constructor(
    private widgets: Widget[],
    private readonly load: () => Promise<Widget[]>,
    private readonly reload: () => void,
  ) {
    this.search.addEventListener("input", afterTyping(() => this.show(SHOWN)));
    this.filter.addEventListener("change", () => this.show(SHOWN));
    this.all.addEventListener("change", () => this.chooseAll());
    const heads = ["Website", "State", "Pages", "Last read", "Next read", "Questions, 7 days", "Unanswered"];
    const canChoose = widgets.some((it) => may(it, "editor"));
    const head = [el("td", { class: "box" }), ...heads.map((it, at) => el("th", { scope: "col", class: [2, 5, 6].includes(at) && "n" }, it))];
    this.element = el(
      "div",
      {},
      el("div", { class: "filters" }, this.search, this.filter, button("Export CSV", () => saveAs(asCsv(this.found), "widgets.csv"))),
      canChoose && el("label", { class: "check all" }, this.all, this.allLabel),
      this.actions,
      el("div", { class: "card flush" }, el("table", { class: "list widgets" }, el("caption", { class: "hidden" }, "Widgets"), el("thead", {}, el("tr", {}, ...head)), this.body), this.none),
      el("div", { class: "row between" }, this.count, this.more),
    );
    this.show(SHOWN);
    void this.follow();
  }

  /** The states anew, while sites are being read and the list is shown. */
  private async follow(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
      if (!this.element.isConnected) return;
      if (!this.widgets.some(isBuilding) || document.hidden) continue;
      try {
        this.widgets = await this.load();
      } catch (error) {
        if (error instanceof Failed) continue;
        throw error;
      }
      this.show(this.limit);
      this.showActions();
    }
  }

  private chooseAll(): void {
    const open = this.found.filter((it) => may(it, "editor"));
    this.chosen = new Set(this.all.checked ? open.map((it) => it.id) : []);
    this.show(this.limit);
    this.showActions();
  }

  private show(limit: number): void {
    this.limit = limit;
    const wanted = this.search.value.trim().toLowerCase();
    const [, fits] = FILTERS[this.filter.value]!;
    const found = this.widgets.filter((it) => fits(it) && `${it.name} ${it.site_url}`.toLowerCase().includes(wanted));
    this.found = found;
    this.allLabel.textContent = `Choose all ${number(found.length)}`;
    const focused = document.activeElement?.closest("tr")?.dataset.id;
    const label = document.activeElement?.getAttribute("aria-label");
    this.body.replaceChildren(...found.slice(0, limit).map((it) => this.row(it)));
    // A list that is shown anew leaves the focus where it was.
    const row = focused && this.body.querySelector(`[data-id="${focused}"]`);
    if (row) (label ? row.querySelector("input") : row.querySelector("a"))?.focus();
    this.none.hidden = found.length > 0;
    this.more.hidden = found.length <= limit;
    this.count.textContent = found.length === this.widgets.length ? plural(found.length, "widget") : `${number(found.length)} of ${plural(this.widgets.length, "widget")}`;
  }

  private row(widget: Widget): HTMLElement {
    const box = el("input", { type: "checkbox", "aria-label": `Choose ${widget.name || host(widget.site_url)}`, checked: this.chosen.has(widget.id) });
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(widget.id);
      else this.chosen.delete(widget.id);
      this.all.checked = false;
      this.showActions();
    });
    const name = el("a", { href: `#/w/${widget.id}`, class: "name" }, widget.name || host(widget.site_url));
    const unanswered = widget.unanswered ? el("a", { href: `#/w/${widget.id}/answers`, class: "warn" }, number(widget.unanswered)) : "0";
    const cell = (label: string, kind: string, ...children: (Node | string)[]): HTMLElement => el("td", { class: kind, "data-label": label }, ...children);
    return el(
      "tr",
      { "data-id": widget.id },
      el("td", { class: "box" }, may(widget, "editor") && box),
      el("th", { scope: "row" }, el("bdi", {}, name), el("small", {}, host(widget.site_url))),
      cell("State", "", stateOf(widget)),
      cell("Pages", "n", number(widget.pages)),
      cell("Last read", "", time(widget.built_at)),
      cell("Next read", "", time(widget.next_read_at)),
      cell("Questions, 7 days", "n", number(widget.questions)),
      cell("Unanswered", "n", unanswered),
    );
  }

  private showActions(): void {
    const chosen = this.widgets.filter((it) => this.chosen.has(it.id));
    this.actions.hidden = !chosen.length;
    const again = (): void => {
      readAgain(chosen);
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
    const children = [el("span", {}, `${plural(chosen.length, "widget")} chosen`), button("Read again", again), chosen.every((it) => may(it, "owner")) && button("Delete", remove, "danger")];
    this.actions.replaceChildren(...children.filter((it) => it !== false));
  }
}
