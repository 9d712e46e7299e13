// The page while a build runs and after it; everything it shows comes from events.

import { el, safeUrl } from "../widget/dom";
import { adjustForm } from "./adjust";
import type { BuildEvent } from "./following";
import { installedForm } from "./installed";
import { messageOf, OwnerCard, type OwnerActions } from "./owner";
import type { Phase, Progress } from "./progress";
import { Stage } from "./stage";

const SHOWN: [key: string, label: string][] = [
  ["primary", "Colour"],
  ["background", "Background"],
  ["text", "Text"],
  ["heading_font", "Headings"],
  ["body_font", "Running text"],
  ["radius_px", "Corners"],
  ["logo_url", "Logo"],
  ["name", "Name"],
  ["language", "Language"],
];
const TICK_MS = 200;
const MAX_FAILURES = 20;

/** Actions of the page for its parts. */
export interface Page extends OwnerActions {
  /** Cancels the build; rejects with `RequestFailed`. */
  cancel(token: string): Promise<void>;
  /** Starts another build, with the depth and number of pages of this one. */
  retry(url: string): void;
}

export class BuildView {
  private readonly site = el("div", { class: "site" });
  private readonly status = el("p", { class: "status", role: "status" });
  private readonly phases = el("ol", { class: "phases" });
  private readonly counters = el("dl", { class: "counters" });
  private readonly failures = el("div", { class: "failures" });
  private readonly question = el("input", { id: "question", maxlength: "1000", autocomplete: "off", disabled: true });
  private readonly ask = el("button", { disabled: true }, "Ask");
  private readonly cancelButton = el("button", { type: "button", class: "quiet", hidden: true, click: () => void this.cancel() }, "Cancel");
  private readonly theme = el("dl", { class: "tokens" });
  private readonly stage = new Stage();
  private readonly outcome = el("section", { class: "outcome", "aria-label": "Result" });
  private readonly ticking: ReturnType<typeof setInterval>;
  private seenAt = Date.now();
  private readonly adjustSlot = el("div", { class: "adjusting" });
  private readonly ownerSlot = el("div", { class: "owning" });
  private ownerCard?: OwnerCard;

  constructor(
    target: HTMLElement,
    private readonly progress: Progress,
    private readonly page: Page,
  ) {
    target.replaceChildren(
      el("div", { class: "left" }, this.card(), this.askForm(), this.outcome),
      el("div", { class: "right" }, this.stage.element, this.adjustSlot, this.ownerSlot, this.themeCard()),
    );
    target.hidden = false;
    this.ticking = setInterval(() => this.showPhases(), TICK_MS);
    this.show();
  }

  private card(): Node {
    return el(
      "section",
      { class: "card", "aria-label": "Build" },
      el("div", { class: "head" }, this.site, this.cancelButton),
      this.status,
      this.phases,
      this.counters,
      this.failures,
    );
  }

  private askForm(): Node {
    const send = (event: Event): void => {
      event.preventDefault();
      const question = this.question.value.trim();
      if (question) this.stage.ask(question);
      this.question.value = "";
    };
    return el(
      "form",
      { class: "card", submit: send },
      el("label", { for: "question" }, "Ask the widget"),
      el("div", { class: "row" }, this.question, this.ask),
    );
  }

  private themeCard(): Node {
    return el("section", { class: "card", "aria-label": "Look" }, el("h2", {}, "Theme found"), this.theme);
  }

  private get siteName(): string {
    const { theme, site, url } = this.progress;
    return (theme ?? site)?.name ?? hostOf(url);
  }

  private get token(): string | null {
    return localStorage.getItem(`ai-widget-owner:${this.progress.widgetId}`);
  }

  /** Cancels the build with the owner token; without one, as for a client that has joined, the button is hidden. */
  private async cancel(): Promise<void> {
    const { token } = this;
    if (!token) return;
    this.cancelButton.disabled = true;
    try {
      await this.page.cancel(token);
    } catch (error) {
      this.status.textContent = messageOf(error);
      this.cancelButton.disabled = false;
    }
  }

  /** Shows the owner's form if this browser has the owner token, which it has if it started the build. */
  private async showAdjustForm(): Promise<void> {
    const { token } = this;
    const { widgetId } = this.progress;
    if (!token || this.adjustSlot.childElementCount) return;
    const answer = await fetch(`/api/widgets/${widgetId}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok || this.adjustSlot.childElementCount) return;
    const { found, chosen, theme } = await answer.json();
    this.adjustSlot.replaceChildren(adjustForm(widgetId, token, found, chosen, this.stage));
    this.stage.showScheme(theme.scheme);
  }

  private showOwnerCard(): void {
    const { token } = this;
    const { widgetId, end } = this.progress;
    if (!token) return;
    this.ownerCard ??= new OwnerCard({ widgetId, token, name: () => this.siteName }, this.page);
    this.ownerCard.isBusy = !end;
    if (!this.ownerSlot.childElementCount) this.ownerSlot.append(this.ownerCard.element);
  }

  /** Checks whether the widget has knowledge already: during a rebuild it answers from the previous build. */
  private async checkReady(): Promise<void> {
    const answer = await fetch(`/api/public/widgets/${this.progress.widgetId}`).catch(() => undefined);
    if (!answer?.ok || (await answer.json()).state !== "ready") return;
    this.progress.setKnewBefore();
    this.show();
    void this.showAdjustForm();
  }

  /** Shows the changes of the last event. */
  update(event: BuildEvent): void {
    this.seenAt = Date.now();
    this.show();
    const { widgetId } = this.progress;
    switch (event.type) {
      case "builder_started":
        this.cancelButton.hidden = !this.token;
        this.stage.show(widgetId);
        void this.checkReady();
        break;
      case "theme_generation_completed":
      case "theme_generation_failed":
        this.stage.showScheme(event.data.theme?.other_background ? "auto" : event.data.theme?.scheme);
        this.stage.show(widgetId);
        break;
      case "widget_ready":
      case "builder_completed":
        this.stage.show(widgetId);
        void this.showAdjustForm();
        break;
      case "builder_failed":
      case "builder_cancelled":
        this.stage.show(widgetId);
        break;
    }
    if (this.progress.isReady || this.progress.end) this.showOwnerCard();
  }

  /** Shows that the request or its connection failed. */
  fail(message: string): void {
    this.status.textContent = message;
    this.status.classList.add("problem");
    this.close();
  }

  private show(): void {
    const { progress } = this;
    this.showSite();
    this.showPhases();
    this.showCounters();
    this.showFailures();
    if (progress.theme) this.showTheme(progress.theme);
    this.question.disabled = this.ask.disabled = !progress.isReady;
    this.question.placeholder = progress.isReady ? "What would a visitor ask?" : "Available in a moment";
    this.status.textContent = this.statusText();
    if (progress.end) this.showEnd(progress.end);
  }

  private statusText(): string {
    const { last, end } = this.progress;
    if (end?.detail && end.type === "builder_failed") return `${end.message}: ${end.detail}`;
    return last?.message ?? "Starting …";
  }

  private showSite(): void {
    const { url } = this.progress;
    const site = this.progress.theme ?? this.progress.site;
    const icon = safeUrl(site?.favicon_url);
    const key = JSON.stringify([site?.name, icon, url]);
    if (this.site.dataset.key === key) return;
    this.site.dataset.key = key;
    const image = icon?.startsWith("http") && el("img", { src: icon, alt: "", width: "28", height: "28" });
    if (image) image.addEventListener("error", () => image.remove());
    this.site.replaceChildren(...(image ? [image] : []), el("div", {}, el("h1", {}, this.siteName), el("small", {}, url)));
  }

  private showPhases(): void {
    const phases = Object.values(this.progress.phases);
    while (this.phases.childElementCount < phases.length) {
      this.phases.append(el("li", {}, el("b"), el("small"), el("time")));
    }
    phases.forEach((phase, at) => {
      const item = this.phases.children[at] as HTMLElement;
      if (item.dataset.state !== phase.state) item.dataset.state = phase.state;
      const texts = [`${phase.name}${STATES[phase.state]}`, phase.note, this.duration(phase)];
      texts.forEach((text, part) => {
        if (item.children[part]!.textContent !== text) item.children[part]!.textContent = text;
      });
    });
  }

  /** Duration by the server's clock; of a running phase, plus the time since the last event arrived. */
  private duration(phase: Phase): string {
    if (phase.began === undefined) return "";
    const { last } = this.progress;
    const now = last ? Date.parse(last.at) + (Date.now() - this.seenAt) : phase.began;
    return `${(Math.max(0, (phase.ended ?? now) - phase.began) / 1000).toFixed(1)} s`;
  }

  private showCounters(): void {
    const { found, read, stored, failed, skipped } = this.progress.counters;
    const values = { found, read, stored, failed, skipped };
    this.counters.replaceChildren(
      ...Object.entries(values).map(([name, n]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(n)))),
    );
  }

  private showFailures(): void {
    const { failures, reasons } = this.progress;
    const lines = failures.slice(-MAX_FAILURES).map(({ message, cause }) => el("li", {}, message, el("small", {}, cause)));
    const parts: Node[] = [];
    if (lines.length) {
      const isOpen = this.failures.querySelector("details")?.open ?? false;
      parts.push(el("details", { open: isOpen }, el("summary", {}, `Failed: ${failures.length}`), el("ul", {}, ...lines)));
    }
    if (reasons.length) parts.push(el("p", {}, `Skipped: ${reasons.join(", ")}.`));
    this.failures.replaceChildren(...parts);
  }

  private showTheme(theme: Record<string, any>): void {
    this.theme.replaceChildren(
      ...SHOWN.filter(([key]) => theme[key] !== null && theme[key] !== undefined && theme[key] !== "").map(([key, label]) => {
        const value = String(theme[key]);
        const swatch = el("i", { "aria-hidden": "true" });
        if (/^#[\da-f]{6}$/i.test(value)) swatch.style.setProperty("background", value);
        else swatch.hidden = true;
        const source = theme.sources?.[key];
        const where = source ? `found in ${source}` : "default";
        return el("div", {}, el("dt", {}, label), el("dd", {}, swatch, el("code", {}, value), el("small", {}, where)));
      }),
    );
  }

  private showEnd(end: BuildEvent): void {
    this.close();
    const { isReady, widgetId, url } = this.progress;
    const again = el("p", {}, el("a", { href: "/" }, "Build another widget"));
    if (end.type !== "builder_completed" && !isReady) {
      this.question.placeholder = "There is no widget to ask";
      this.outcome.replaceChildren(this.retryForm(end), again);
      // Before what was read and what cannot be asked: the way on is all that is left to see.
      this.outcome.parentElement!.prepend(this.outcome);
      return;
    }
    const origin = location.origin;
    const snippet = end.data.embed_snippet ?? `<script src="${origin}/widget.js" data-widget="${widgetId}" async></script>`;
    const source = new URL(/src="([^"]+)"/.exec(snippet)?.[1] ?? origin, origin).origin;
    const { token } = this;
    const unfinished = this.progress.knewBefore ? "The widget answers from its previous build" : "The widget answers from the pages read so far";
    this.outcome.replaceChildren(
      el("h2", {}, end.type === "builder_completed" ? "Put it on your site" : unfinished),
      end.data.remedy ? el("p", {}, end.data.remedy) : "",
      copyable("Before </body> of every page", snippet),
      copyable(
        "If your site has a Content-Security-Policy, add",
        ["script-src", "connect-src", "img-src"].map((it) => `${it} ${source};`).join("\n"),
      ),
      token ? installedForm(widgetId, token, url) : "",
      token ? copyable("Your owner token, needed to change the widget later. Save it: it is shown only in this browser", token) : "",
      el("p", {}, el("a", { href: `/preview/${widgetId}` }, "Open the preview")),
      again,
    );
  }

  /** What to do about a build that left no widget: the remedy, and buttons that try again. */
  private retryForm({ type, data }: BuildEvent): HTMLElement {
    const { url } = this.progress;
    const insecure = data.cause === "tls_failed" && url.startsWith("https:") ? url.replace("https:", "http:") : "";
    const retry = (label: string, address: string): HTMLElement =>
      el("button", { type: "button", click: () => this.page.retry(address) }, label);
    return el(
      "div",
      {},
      el("h2", {}, type === "builder_failed" ? "The widget could not be built" : "The build was cancelled"),
      data.remedy ? el("p", {}, data.remedy) : "",
      el("div", { class: "row" }, retry("Try again", url), insecure ? retry(`Try ${insecure}`, insecure) : ""),
    );
  }

  private close(): void {
    clearInterval(this.ticking);
    this.cancelButton.hidden = true;
    this.showPhases();
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

const STATES = { waiting: "", running: "\u00a0…", done: "\u00a0✓", failed: "\u00a0✗" };

function copyable(label: string, text: string): HTMLElement {
  const button = el("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text).catch(() => getSelection()?.selectAllChildren(code));
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  const code = el("pre", { tabindex: "0", "aria-label": label }, text);
  return el("div", { class: "copyable" }, el("p", {}, label), code, button);
}
