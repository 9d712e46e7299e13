// Leads: e-mail addresses that visitors left.

import { el } from "../widget/dom";
import { button, confirmFirst, empty, fill, number, paging, plural, saveAs, say, time } from "./parts";
import { may } from "./rights";
import { call, download, messageOf } from "./session";
import type { Details, Lead, Widget } from "./types";

const SIZE = 50;

export function leadsTab(widget: Widget): HTMLElement {
  return new Leads(widget).element;
}

class Leads {
  readonly element = el("section", { class: "card", "aria-labelledby": "leads" });
  private offset = 0;

  constructor(private readonly widget: Widget) {
    this.load(0);
  }

  private get base(): string {
    return `/api/widgets/${this.widget.id}/leads`;
  }

  private load(offset: number): void {
    this.offset = offset;
    void fill(this.element, async () => {
      const { leads, total } = await call<{ leads: Lead[]; total: number }>(`${this.base}?limit=${SIZE}&offset=${offset}`, this.widget.token);
      const title = el("h2", { id: "leads" }, "E-mail addresses");
      if (!leads.length) return [title, await this.none()];
      const actions = el("div", { class: "row" }, button("Export CSV", () => void this.export()), may(this.widget, "owner") && button("Delete all", () => this.deleteAll(total), "danger"));
      return [el("div", { class: "row between" }, title, actions), el("ul", { class: "plain lined" }, ...leads.map((it) => this.lead(it))), paging(offset, SIZE, total, (to) => this.load(to))];
    });
  }

  /** Says whether the chat asks for addresses at all. */
  private async none(): Promise<HTMLElement> {
    const { chosen } = await call<Details>(`/api/widgets/${this.widget.id}`, this.widget.token);
    if (chosen.contact_form) return empty("None yet", "Addresses that visitors leave are listed here. A webhook tells your own systems of each.");
    const on = el("a", { class: "btn", href: `#/w/${this.widget.id}/behaviour` }, "Switch the form on");
    return empty("None yet", "The chat does not ask for addresses.", may(this.widget, "editor") && on);
  }

  private lead(it: Lead): HTMLElement {
    const remove = (): void =>
      confirmFirst("Delete this address?", "The address, and what webhooks keep of it, are deleted for good. The conversation stays.", "Delete", async () => {
        await call(`${this.base}/${it.id}`, this.widget.token, { method: "DELETE" });
        say("The address is deleted.");
        this.load(this.offset);
      });
    const mail = el("a", { href: `mailto:${encodeURIComponent(it.email).replace("%40", "@")}` }, it.email);
    return el(
      "li",
      { class: "row between top" },
      el(
        "div",
        {},
        el("b", {}, mail),
        it.name ? el("span", { dir: "auto" }, ` ${it.name}`) : null,
        it.message ? el("p", { dir: "auto" }, it.message) : null,
        el("small", {}, time(it.created_at), it.consent ? ` · agreed to: “${it.consent}”` : ""),
      ),
      may(this.widget, "owner") && button("Delete", remove, "quiet", { "aria-label": `Delete: ${it.email}` }),
    );
  }

  private async export(): Promise<void> {
    try {
      saveAs(await download(this.base, this.widget.token, "text/csv"), "leads.csv");
    } catch (error) {
      say(messageOf(error));
    }
  }

  private deleteAll(total: number): void {
    confirmFirst(`Delete ${plural(total, "address", "addresses")}?`, "They, and what webhooks keep of them, are deleted for good. Export them first if you need them.", "Delete all", async () => {
      const { deleted } = await call<{ deleted: number }>(this.base, this.widget.token, { method: "DELETE" });
      say(`${number(deleted)} addresses are deleted.`);
      this.load(0);
    });
  }
}
