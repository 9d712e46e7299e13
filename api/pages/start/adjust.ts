// The owner's form for adjusting the widget: changes show in the preview at once and are saved with the owner token.

import { el } from "../widget/dom";
import type { Change } from "./stage";

type Theme = Record<string, any>;

interface Swatch {
  colour: string;
  found: string;
}

export interface Preview {
  /** Shows an unsaved change. */
  tryOut(change: Change): void;
  /** Drops unsaved changes and shows the widget as saved. */
  showSaved(): void;
}

const SYSTEM_FONT = "system-ui, sans-serif";

/** The form. `theme` is the theme found on the site, `chosen` the owner's settings so far. */
export function adjustForm(widgetId: string, token: string, theme: Theme, chosen: Theme, preview: Preview): HTMLElement {
  const shown = { ...theme, ...chosen };
  const primary = el("input", { id: "primary", type: "color", value: shown.primary, input: () => tryOut() });
  const radius = el("input", { id: "radius", type: "range", min: "0", max: "24", value: String(shown.radius_px), input: () => tryOut() });
  const font = choice("font", fonts(theme, shown.body_font), shown.body_font, () => tryOut());
  const scheme = choice("scheme", { light: "Light", dark: "Dark", auto: "Visitor's preference" }, shown.scheme, () => tryOut());
  const greeting = el("input", { id: "greeting", maxlength: "300", value: shown.greeting ?? "" });
  const questions = area("questions", chosen.suggested_questions);
  const origins = area("origins", chosen.allowed_origins);
  const status = el("p", { role: "status" });

  const tryOut = (): void => {
    const looks = { "--aw-radius": `${radius.value}px`, "--aw-font": font.value };
    preview.tryOut({ primary: primary.value, scheme: scheme.value, tokens: { light: looks, dark: looks } });
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = {
      primary: changed(primary.value, theme.primary),
      radius_px: changed(Number(radius.value), theme.radius_px),
      body_font: changed(font.value, theme.body_font),
      scheme: changed(scheme.value, theme.scheme),
      greeting: changed(greeting.value, theme.greeting ?? ""),
      suggested_questions: lines(questions),
      allowed_origins: lines(origins),
    };
    status.textContent = await patch(widgetId, token, body);
    if (status.textContent === SAVED) preview.showSaved();
  };
  const swatches = (theme.swatches ?? []).map(({ colour, found }: Swatch) => {
    const pick = (): void => {
      primary.value = colour;
      tryOut();
    };
    const button = el("button", { type: "button", class: "swatch", "aria-label": `${colour}: ${found}`, title: found, click: pick });
    button.style.setProperty("background", colour);
    return button;
  });
  return el(
    "form",
    { class: "card adjust", "aria-label": "Adjust", submit: (event) => void save(event) },
    el("h2", {}, "Adjust"),
    field(primary, "Colour", ...swatches),
    field(radius, "Corners"),
    field(font, "Font"),
    field(scheme, "Scheme"),
    field(greeting, "Greeting"),
    field(questions, "Suggested questions, one per line"),
    field(origins, "Allowed websites, one per line (empty: all)"),
    el("div", { class: "row" }, el("button", {}, "Save"), status),
  );
}

const SAVED = "Saved.";

async function patch(widgetId: string, token: string, body: object): Promise<string> {
  const answer = await fetch(`/api/widgets/${widgetId}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  if (answer?.ok) return SAVED;
  const problem = await answer?.json().catch(() => undefined);
  return problem?.error?.message ?? "The settings could not be saved. Check your connection and try again.";
}

/** The value, or null if it equals the one found: the widget then follows the site. */
function changed<T>(value: T, found: T): T | null {
  return value === found ? null : value;
}

function lines(it: HTMLTextAreaElement): string[] | null {
  const found = it.value.split("\n").map((line) => line.trim()).filter(Boolean);
  return found.length ? found : null;
}

function area(id: string, values: string[] = []): HTMLTextAreaElement {
  const it = el("textarea", { id, rows: "2" });
  it.value = values.join("\n");
  return it;
}

function fonts(theme: Theme, shown: string): Record<string, string> {
  const families = [theme.body_font, theme.heading_font, SYSTEM_FONT, shown];
  return Object.fromEntries(families.filter(Boolean).map((it: string) => [it, it === SYSTEM_FONT ? "Visitor's system font" : it]));
}

function choice(id: string, options: Record<string, string>, value: string, change: () => void): HTMLSelectElement {
  const it = el("select", { id, change });
  for (const [key, name] of Object.entries(options)) it.append(el("option", { value: key, selected: key === value }, name));
  return it;
}

function field(input: HTMLElement, label: string, ...more: Node[]): HTMLElement {
  return el("div", { class: "setting" }, el("label", { for: input.id }, label), el("div", { class: "row" }, input, ...more));
}
