// The real widget beside the build: on its preview, as wide as one likes, light or dark.

import { el } from "../widget/dom";

/** What a page's script may change of a widget's looks. */
export interface Change {
  primary?: string;
  scheme?: string;
  tokens?: object;
}

type WidgetWindow = Window & {
  AIWidget?: { ask(question: string): void; setTheme(change: Change): Promise<void>; refresh(): Promise<void> };
};

export class Stage {
  readonly element: HTMLElement;
  private readonly frame = el("iframe", { title: "The widget on its site" });
  private readonly device = el("div", { class: "device" }, this.frame);
  private readonly widths = choice("Screen", ["Desktop", "Phone"], (name) => this.showWidth(name));
  private readonly schemes = choice("Scheme", ["Light", "Dark"], (name) => this.tryOut({ scheme: name.toLowerCase() }));
  private widgetId = "";
  /** What is shown and not kept. */
  private tried: Change = {};

  constructor() {
    this.element = el("div", { class: "stage" }, el("div", { class: "tools" }, this.widths, this.schemes), this.device);
    press(this.widths, "Desktop");
    press(this.schemes, "Light");
  }

  /** The widget as it stands now: brought here if it is another, else by its own means, its conversation kept. */
  show(widgetId: string): void {
    if (!widgetId) return;
    if (this.widgetId === widgetId) {
      void this.refresh();
      return;
    }
    this.widgetId = widgetId;
    this.frame.src = `/preview/${encodeURIComponent(widgetId)}`;
  }

  private async refresh(): Promise<void> {
    const page = this.frame.contentWindow as WidgetWindow | null;
    page?.dispatchEvent(new Event("widget-changed"));
    await page?.AIWidget?.refresh();
    await page?.AIWidget?.setTheme(this.tried);
  }

  /** Shows a change until it is kept. */
  tryOut(change: Change): void {
    this.tried = { ...this.tried, ...change };
    if (change.scheme) this.pressScheme(change.scheme);
    void (this.frame.contentWindow as WidgetWindow | null)?.AIWidget?.setTheme(change);
  }

  /** What was tried out is kept now, or given up. */
  saved(): void {
    this.tried = {};
    void this.refresh();
  }

  ask(question: string): void {
    // On a phone it is further down.
    this.device.scrollIntoView({ block: "nearest" });
    (this.frame.contentWindow as WidgetWindow | null)?.AIWidget?.ask(question);
  }

  /** Which scheme the widget is kept in; one that is being tried stays. */
  keptIn(scheme: string): void {
    this.pressScheme(this.tried.scheme ?? scheme);
  }

  private pressScheme(scheme: string): void {
    const isDark = scheme === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : scheme === "dark";
    press(this.schemes, isDark ? "Dark" : "Light");
  }

  private showWidth(name: string): void {
    press(this.widths, name);
    this.device.classList.toggle("phone", name === "Phone");
  }
}

function choice(label: string, names: string[], choose: (name: string) => void): HTMLElement {
  const buttons = names.map((name) => el("button", { type: "button", click: () => choose(name) }, name));
  return el("div", { role: "group", "aria-label": label }, ...buttons);
}

function press(group: HTMLElement, name: string): void {
  for (const it of group.children) it.setAttribute("aria-pressed", String(it.textContent === name));
}
