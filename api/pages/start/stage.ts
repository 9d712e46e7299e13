// The real widget beside the build: its preview page in a frame, as wide as a desktop or a phone, light or dark.

import { el } from "../widget/dom";

/** Theme changes a page's script may make (`AIWidget.setTheme`). */
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
  /** Changes shown but not saved. */
  private unsaved: Change = {};

  constructor() {
    this.element = el("div", { class: "stage" }, el("div", { class: "tools" }, this.widths, this.schemes), this.device);
    press(this.widths, "Desktop");
    press(this.schemes, "Light");
  }

  /** Shows the current state of the widget; the same widget is refreshed in place and keeps its conversation. */
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
    await page?.AIWidget?.setTheme(this.unsaved);
  }

  /** Shows a change until it is saved. */
  tryOut(change: Change): void {
    this.unsaved = { ...this.unsaved, ...change };
    if (change.scheme) this.pressScheme(change.scheme);
    void (this.frame.contentWindow as WidgetWindow | null)?.AIWidget?.setTheme(change);
  }

  /** Drops unsaved changes and shows the widget as saved. */
  showSaved(): void {
    this.unsaved = {};
    void this.refresh();
  }

  ask(question: string): void {
    // On a phone the preview is below the question field.
    this.device.scrollIntoView({ block: "nearest" });
    (this.frame.contentWindow as WidgetWindow | null)?.AIWidget?.ask(question);
  }

  /** Presses the button of the saved scheme, unless another one is being tried out. */
  showScheme(scheme: string): void {
    this.pressScheme(this.unsaved.scheme ?? scheme);
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
