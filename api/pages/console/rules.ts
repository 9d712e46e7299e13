// Rules: which pages of the site are read and how, and instructions for the answers.

import { el } from "../widget/dom";
import { area, card, field, type Field, input, lines, say, select, showFailure } from "./parts";
import { call } from "./session";
import type { Details, Widget } from "./types";

const RENDER = { auto: "Where a page needs it", always: "On the start page and the pages it links to", never: "Never" };

/** Cards with the rules of a widget. */
export function rulesCards(widget: Widget, { rules }: Details): HTMLElement[] {
  return [new RulesForm(widget, rules).pages(), new RulesForm(widget, rules).instructions()];
}

type Value = string | number | string[] | null;

class RulesForm {
  private readonly fields: Record<string, Field> = {};
  private readonly read: Record<string, () => Value> = {};
  private readonly wrong = el("p", { class: "wrong", role: "alert" });

  constructor(
    private readonly widget: Widget,
    private readonly rules: Record<string, any>,
  ) {}

  pages(): HTMLElement {
    return this.form(
      "Pages to read",
      "Pages that the paths leave out are in no answer from now on. All else is for the next reading of the site.",
      this.text("include", "Read only these paths", "One per line, with * for anything: /docs/*. Empty: all. The start page is always read."),
      this.text("exclude", "Leave out these paths", "One per line, like /blog/* or /shop/cart."),
      this.languages(),
      el("div", { class: "pair" }, this.amount("depth", "Depth", "Links to follow from the start page.", "0"), this.amount("max_pages", "Most pages", "", "1")),
      this.rendering(),
    );
  }

  instructions(): HTMLElement {
    const it = area(this.rules.instructions ?? "", 4, { maxlength: "2000" });
    this.read.instructions = () => it.value.trim() || null;
    return this.form(
      "Wording of answers",
      "For answers that a chat model writes. Instructions set the tone; they cannot make the widget say what the site does not.",
      this.add("instructions", field("Instructions", it, "For example: Be brief. Address visitors informally.")),
    );
  }

  private add(name: string, it: Field): HTMLElement {
    this.fields[name] = it;
    return it.element;
  }

  private text(name: string, label: string, hint: string): HTMLElement {
    const it = area(this.rules[name].join("\n"), 3, { spellcheck: "false" });
    this.read[name] = () => lines(it.value);
    return this.add(name, field(label, it, hint));
  }

  private languages(): HTMLElement {
    const it = input({ value: this.rules.languages.join(", "), spellcheck: "false" });
    this.read.languages = () => lines(it.value.replaceAll(",", "\n"));
    return this.add("languages", field("Further languages", it, "Beside the start page's, like de, fr. An asterisk (*) reads all."));
  }

  private amount(name: string, label: string, hint: string, min: string): HTMLElement {
    const it = input({ type: "number", min, value: String(this.rules[name]), inputmode: "numeric" });
    this.read[name] = () => (it.value.trim() ? Number(it.value) : null);
    return this.add(name, field(label, it, hint));
  }

  private rendering(): HTMLElement {
    const it = select(RENDER, this.rules.render);
    this.read.render = () => it.value;
    return this.add("render", field("Use a browser to read", it));
  }

  private form(title: string, text: string, ...children: HTMLElement[]): HTMLElement {
    const save = el("button", { class: "btn primary" }, "Save");
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.save(save);
    };
    return card(title, el("p", {}, text), el("form", { novalidate: true, submit }, ...children, this.wrong, el("div", { class: "row" }, save)));
  }

  /** Sends what has been changed. */
  private async save(by: HTMLButtonElement): Promise<void> {
    for (const it of Object.values(this.fields)) it.fail("");
    this.wrong.textContent = "";
    const values = Object.entries(this.read).map(([name, read]) => [name, read()] as const);
    const body = Object.fromEntries(values.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(this.rules[name])));
    by.disabled = true;
    try {
      const changed = await call<Details>(`/api/widgets/${this.widget.id}`, this.widget.token, { method: "PATCH", body });
      Object.assign(this.rules, changed.rules);
      say("Saved.");
    } catch (error) {
      showFailure(error, this.fields, (it) => it.split(".")[0]!, this.wrong);
    }
    by.disabled = false;
  }
}
