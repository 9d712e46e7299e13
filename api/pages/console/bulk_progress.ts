// Progress of a run that adds widgets: each address with its state.

import { el } from "../widget/dom";
import type { BulkRun, Entry } from "./bulk_run";
import { button, card, host, number, plural, say, tag, type Tone } from "./parts";

const STATES: Record<Entry["state"], [string, Tone]> = {
  waiting: ["Waiting", "plain"],
  starting: ["Starting", "busy"],
  building: ["Reading", "busy"],
  ready: ["Ready", "good"],
  failed: ["Failed", "bad"],
  stopped: ["Not started", "plain"],
};

export class RunCard {
  readonly element: HTMLElement;
  private readonly bar = el("progress", { "aria-label": "Built" });
  private readonly counts = el("p", { role: "status" });
  private readonly hint = el("p", { class: "muted" });
  private readonly body = el("tbody");
  private readonly rows = new Map<Entry, Row>();
  private readonly stop = button("Start no more", () => this.run.stop());
  private wasOver: boolean;

  constructor(private readonly run: BulkRun) {
    this.wasOver = run.isOver;
    const heads = ["Website", "State", "Widget"].map((it) => el("th", { scope: "col" }, it));
    const table = el("table", { class: "list" }, el("caption", { class: "hidden" }, "Builds"), el("thead", {}, el("tr", {}, ...heads)), this.body);
    this.element = card("Builds", el("div", { class: "row between" }, this.counts, this.stop), this.bar, this.hint, table);
    const show = (): void => {
      // Another page is shown.
      if (!this.element.isConnected && this.rows.size) run.removeEventListener("change", show);
      else this.show();
    };
    this.show();
    run.addEventListener("change", show);
  }

  private show(): void {
    const { entries, isOver } = this.run;
    const [failed, waiting] = [this.run.count("failed"), this.run.count("waiting", "starting")];
    const done = failed + this.run.count("ready");
    this.bar.max = entries.length;
    this.bar.value = done;
    setText(this.counts, `${number(done)} of ${number(entries.length)} done${failed ? `, ${number(failed)} failed` : ""}.`);
    setText(this.hint, this.advice(waiting));
    this.stop.hidden = waiting === 0;
    for (const entry of entries) {
      let row = this.rows.get(entry);
      if (!row) this.rows.set(entry, (row = new Row(entry)));
      if (!row.element.isConnected) this.body.append(row.element);
      row.show();
    }
    if (isOver && !this.wasOver) say(failed ? `${plural(failed, "build")} failed.` : "All widgets are built.");
    this.wasOver = isOver;
  }

  private advice(waiting: number): string {
    if (this.run.resumesAt) {
      const at = new Date(this.run.resumesAt).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
      return `${plural(waiting, "address waits", "addresses wait")} for a free place, and go on at ${at}. Keep this tab open; you may use the rest of the console.`;
    }
    if (waiting) return "Keep this tab open until all are started; you may use the rest of the console.";
    return this.run.isOver ? "" : "All are started. You may close this page: the builds go on, and the list shows their state.";
  }
}

class Row {
  readonly element: HTMLElement;
  private readonly state = el("td");
  private readonly open = el("td");
  private shown = "";

  constructor(private readonly entry: Entry) {
    this.element = el("tr", {}, el("th", { scope: "row" }, host(entry.url), el("small", {}, entry.url)), this.state, this.open);
  }

  show(): void {
    const { state, widgetId, pages, cause } = this.entry;
    if (this.shown === state) return;
    this.shown = state;
    const [text, tone] = STATES[state];
    this.state.replaceChildren(tag(text, tone), el("small", {}, cause ?? (pages === undefined ? "" : plural(pages, "page"))));
    if (widgetId) this.open.replaceChildren(el("a", { href: `#/w/${widgetId}`, "aria-label": `Open ${host(this.entry.url)}` }, "Open"));
  }
}

/** Sets a text that has changed: a status that is written anew is read out again. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
