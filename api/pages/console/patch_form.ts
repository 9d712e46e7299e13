// A form for some of a widget's settings: it sends what has been changed, and shows errors beside their fields.

import { el } from "../widget/dom";
import { card, type Field, say, showFailure } from "./parts";
import { call } from "./session";
import type { Details, Widget } from "./types";

export type Value = string | number | boolean | string[] | null;

export class PatchForm {
  private readonly fields: Record<string, Field> = {};
  private readonly read: Record<string, () => Value> = {};
  private readonly wrong = el("p", { class: "wrong", role: "alert" });

  /** `part`: the part of the details that has the values, which `before` holds as they are saved. */
  constructor(
    private readonly widget: Widget,
    private readonly part: "rules" | "chosen",
    protected readonly before: Record<string, any>,
  ) {}

  /** Adds a field of the setting with this name; `read` returns its value. */
  protected add(name: string, it: Field, read: () => Value): HTMLElement {
    this.fields[name] = it;
    this.read[name] = read;
    return it.element;
  }

  protected form(title: string, text: string, ...children: HTMLElement[]): HTMLElement {
    const save = el("button", { class: "btn primary" }, "Save");
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.save(save);
    };
    return card(title, el("p", {}, text), el("form", { novalidate: true, submit }, ...children, this.wrong, el("div", { class: "row" }, save)));
  }

  private async save(by: HTMLButtonElement): Promise<void> {
    for (const it of Object.values(this.fields)) it.fail("");
    this.wrong.textContent = "";
    const values = Object.entries(this.read).map(([name, read]) => [name, read()] as const);
    const body = Object.fromEntries(values.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(this.before[name] ?? null)));
    by.disabled = true;
    try {
      const changed = await call<Details>(`/api/widgets/${this.widget.id}`, this.widget.token, { method: "PATCH", body });
      for (const name of Object.keys(this.read)) this.before[name] = changed[this.part][name] ?? null;
      say("Saved.");
    } catch (error) {
      showFailure(error, this.fields, (it) => it.split(".")[0]!, this.wrong);
    }
    by.disabled = false;
  }
}
