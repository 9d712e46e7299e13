// Look: all that visitors see, tried live on the real widget before it is saved.

import { Stage } from "../start/stage";
import { el } from "../widget/dom";
import type { Config } from "../widget/types";
import { LogoField } from "./look_logo";
import { afterTyping, area, button, type Field, field, fill, input, lines, say, select } from "./parts";
import { may, readOnly } from "./rights";
import { call, Failed, messageOf } from "./session";
import type { Details, Widget } from "./types";

const SYSTEM_FONT = "system-ui, sans-serif";

export function lookTab(widget: Widget): HTMLElement {
  const place = el("div");
  void fill(place, async () => {
    const [details, config] = await Promise.all([call<Details>(`/api/widgets/${widget.id}`, widget.token), call<Config>(`/api/public/widgets/${widget.id}`, widget.token)]);
    return new Look(widget, details, config).element;
  });
  return place;
}

class Look {
  readonly element: HTMLElement;
  private readonly stage = new Stage();
  private readonly name: HTMLInputElement;
  private readonly greeting: HTMLTextAreaElement;
  private readonly questions: HTMLTextAreaElement;
  private readonly primary: HTMLInputElement;
  private readonly headings: HTMLSelectElement;
  private readonly font: HTMLSelectElement;
  private readonly radius: HTMLInputElement;
  private readonly scheme: HTMLSelectElement;
  private readonly fields: Record<string, Field>;
  private readonly logo: LogoField;
  private readonly wrong = el("p", { class: "wrong", role: "alert" });
  private readonly save = el("button", { class: "btn primary" }, "Save");
  private readonly found: Record<string, any>;

  constructor(
    private readonly widget: Widget,
    details: Details,
    config: Config,
  ) {
    const { chosen, theme } = details;
    this.found = { ...theme, ...details.found, name: details.found?.name ?? widget.name };
    const shown = { ...this.found, ...chosen };
    this.name = input({ value: shown.name ?? "", maxlength: "80" });
    this.greeting = area(shown.greeting ?? "", 2, { maxlength: "300", placeholder: config.greeting ?? "" });
    this.questions = area((chosen.suggested_questions ?? []).join("\n"), 4, { placeholder: (config.suggested_questions ?? []).join("\n") });
    this.primary = input({ type: "color", value: shown.primary });
    this.radius = input({ type: "range", min: "0", max: "24", value: String(shown.radius_px ?? 8) });
    this.font = select(fonts(this.found, shown.body_font), shown.body_font);
    this.headings = select(fonts(this.found, shown.heading_font), shown.heading_font);
    this.logo = new LogoField(widget, () => this.stage.showSaved(), details.has_own_logo);
    this.scheme = select({ light: "Light", dark: "Dark", auto: "As the visitor prefers" }, theme.scheme);
    this.fields = {
      name: field("Name", this.name, "Shown at the top of the chat, and in answers."),
      greeting: field("Greeting", this.greeting),
      suggested_questions: field("Suggested questions", this.questions, "One per line, at most six. Empty: found on the site."),
      primary: field("Colour", this.primary, where(details, "primary"), ...this.swatches()),
      body_font: field("Font", this.font, where(details, "body_font")),
      heading_font: field("Font of headings", this.headings, where(details, "heading_font")),
      radius_px: field("Corners", this.radius, "From square to round."),
      scheme: field("Light or dark", this.scheme),
    };
    for (const it of [this.primary, this.font, this.headings, this.radius, this.scheme]) it.addEventListener("input", afterTyping(() => this.tryOut()));
    const form = el(
      "form",
      { class: "card", "aria-label": "Look", submit: (event) => void this.submit(event) },
      ...this.shown().map((it) => it.element),
      this.wrong,
      el("div", { class: "row between" }, button("Back to what was found", () => void this.reset(), "quiet"), this.save),
    );
    if (!may(widget, "editor")) readOnly(form);
    this.element = el("div", { class: "look" }, form, el("div", { class: "sticky" }, this.stage.element));
    this.stage.show(widget.id);
    this.stage.showScheme(theme.scheme);
  }

  /** All fields; the logo, which is no part of the form's values, after the name. */
  private shown(): Field[] {
    const [name, ...others] = Object.values(this.fields);
    return [name!, ...(may(this.widget, "editor") ? [this.logo.field] : []), ...others];
  }

  private swatches(): HTMLElement[] {
    return (this.found.swatches ?? []).slice(0, 6).map(({ colour, found }: { colour: string; found: string }) => {
      const pick = (): void => {
        this.primary.value = colour;
        this.tryOut();
      };
      const it = el("button", { type: "button", class: "swatch", "aria-label": `${colour}: ${found}`, title: found, click: pick });
      it.style.setProperty("background", colour);
      return it;
    });
  }

  private tryOut(): void {
    const looks = { "--aw-radius": `${this.radius.value}px`, "--aw-font": this.font.value, "--aw-font-heading": this.headings.value };
    this.stage.tryOut({ primary: this.primary.value, scheme: this.scheme.value, tokens: { light: looks, dark: looks } });
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const { found } = this;
    const changed = (value: unknown, former: unknown): unknown => (value === former ? null : value);
    const questions = lines(this.questions.value);
    await this.send({
      name: this.name.value.trim() ? changed(this.name.value.trim(), found.name) : null,
      greeting: changed(this.greeting.value.trim(), found.greeting ?? ""),
      suggested_questions: questions.length ? questions : null,
      primary: changed(this.primary.value, found.primary),
      body_font: changed(this.font.value, found.body_font),
      heading_font: changed(this.headings.value, found.heading_font),
      radius_px: changed(Number(this.radius.value), found.radius_px),
      scheme: changed(this.scheme.value, found.other_background ? "auto" : found.scheme),
    });
  }

  private async reset(): Promise<void> {
    const names = [...Object.keys(this.fields)];
    if (!(await this.send(Object.fromEntries(names.map((it) => [it, null]))))) return;
    await this.logo.reset().catch((error: unknown) => this.logo.field.fail(messageOf(error)));
    const { found } = this;
    this.name.value = found.name ?? "";
    this.greeting.value = found.greeting ?? "";
    this.questions.value = "";
    this.primary.value = found.primary;
    this.font.value = found.body_font;
    this.headings.value = found.heading_font;
    this.radius.value = String(found.radius_px ?? 8);
    this.scheme.value = found.other_background ? "auto" : (found.scheme ?? "light");
  }

  private async send(body: Record<string, unknown>): Promise<boolean> {
    this.wrong.textContent = "";
    for (const it of Object.values(this.fields)) it.fail("");
    this.save.disabled = true;
    try {
      await call(`/api/widgets/${this.widget.id}`, this.widget.token, { method: "PATCH", body });
      say("Saved. Visitors see it from now on.");
      this.stage.showSaved();
      return true;
    } catch (error) {
      const message = messageOf(error);
      const about = error instanceof Failed ? this.fields[error.field.split(".")[0]!] : undefined;
      if (about) about.fail(message);
      else this.wrong.textContent = message;
      return false;
    } finally {
      this.save.disabled = false;
    }
  }
}

function where({ found }: Details, key: string): string {
  const source = found?.sources?.[key];
  return source ? `Found in ${source}.` : "";
}

function fonts(theme: Record<string, any>, shown: string): Record<string, string> {
  const families = [theme.body_font, theme.heading_font, SYSTEM_FONT, shown];
  return Object.fromEntries(families.filter(Boolean).map((it: string) => [it, it === SYSTEM_FONT ? "The visitor's system font" : it.split(",")[0]!.replace(/["']/g, "")]));
}
