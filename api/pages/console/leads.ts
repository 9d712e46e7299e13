// Leads: e-mail addresses that visitors left, and whether the widget asks for them.

import { el } from "../widget/dom";
import { area, button, card, check, confirmFirst, empty, field, fill, number, paging, plural, saveAs, say, time } from "./parts";
import { may } from "./rights";
import { call, download, messageOf } from "./session";
import type { Details, Lead, Widget } from "./types";

const SIZE = 50;

export function leadsTab(widget: Widget): HTMLElement {
  if (!may(widget, "editor")) return new Leads(widget).element;
  const form = el("div");
  void fill(form, async () => formSettings(widget, await call<Details>(`/api/widgets/${widget.id}`, widget.token)));
  return el("div", { class: "stack" }, card("Form in the chat", form), new Leads(widget).element);
}

/** The switch, and the text that visitors have to agree to. */
function formSettings(widget: Widget, { chosen }: Details): HTMLElement {
  const [label, isOn] = check("Visitors may leave their e-mail address", chosen.contact_form === true);
  const text = area(chosen.contact_consent ?? "", 2, { maxlength: "500" });
  const consent = field("Text to agree to", text, "Shown with a box to tick. Empty: the form says that the address is used to answer, and for nothing else.");
  const save = el("button", { class: "btn primary" }, "Save");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    consent.fail("");
    save.disabled = true;
    try {
      const body = { contact_form: isOn.checked, contact_consent: text.value.trim() || null };
      await call(`/api/widgets/${widget.id}`, widget.token, { method: "PATCH", body });
      say("Saved.");
    } catch (error) {
      consent.fail(messageOf(error));
    }
    save.disabled = false;
  };
  const hint = "A button below the chat, after an answer that was not found, and when a visitor asks for a person. Addresses are deleted with their conversation.";
  return el("form", { submit: (event) => void submit(event) }, label, el("p", { class: "hint" }, hint), consent.element, el("div", { class: "row" }, save));
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
      if (!leads.length) return [title, empty("None yet", "Addresses that visitors leave are listed here. A webhook tells your own systems of each.")];
      const actions = el("div", { class: "row" }, button("Export CSV", () => void this.export()), may(this.widget, "owner") && button("Delete all", () => this.deleteAll(total), "danger"));
      return [el("div", { class: "row between" }, title, actions), el("ul", { class: "plain lined" }, ...leads.map((it) => this.lead(it))), paging(offset, SIZE, total, (to) => this.load(to))];
    });
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
