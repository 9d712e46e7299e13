// The chat panel: a dialog beside the page, or over all of it on a phone.

import { AnswerView } from "./answer";
import type { Citation } from "./chat";
import { Conversation, isUnanswered, type Turn } from "./conversation";
import { el, iconButton } from "./dom";
import { icon } from "./icons";
import css from "./panel.css";
import { Announcer } from "./sentences";
import { type Strings, stringsOf } from "./strings";
import { changedTheme, COLOUR } from "./theme";
import type { Context, Panel, Theme } from "./types";

const MAX_QUESTION = 1000;
/** Events that a page may take for its own shortcuts, clipboard or focus. */
const OWN_EVENTS = ["keydown", "keypress", "keyup", "copy", "cut", "paste", "focusin"];
const PHONE = "(max-width: 640px), (max-height: 420px)";

/** The panel, closed, in the loader's shadow root. */
export function mount(context: Context): Panel {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  context.root.adoptedStyleSheets = [...context.root.adoptedStyleSheets, sheet];
  return new ChatPanel(context);
}

class ChatPanel implements Panel {
  private readonly phone = matchMedia(PHONE);
  private readonly address: string;
  private readonly conversation: Conversation;
  private leaving = new AbortController();
  private built = "";
  private strings!: Strings;
  private dialog!: HTMLDialogElement;
  private log!: HTMLElement;
  private turns!: HTMLElement;
  private input!: HTMLTextAreaElement;
  private submit!: HTMLButtonElement;
  private latest!: HTMLButtonElement;
  private offline!: HTMLElement;
  private announcer!: Announcer;
  private views = new Map<Turn, AnswerView>();
  private isAtEnd = true;
  /** The latest change of the theme: the responses of earlier ones come too late. */
  private restyled = {};

  constructor(private readonly context: Context) {
    const { config, base } = context;
    this.address = `${base}api/public/widgets/${encodeURIComponent(config.id)}`;
    const request = context.request ?? fetch;
    this.conversation = new Conversation(`ai-widget:${config.id}`, this.address, request, (turn) => this.changed(turn));
    this.build();
    this.listen();
  }

  private listen(): void {
    const { host } = this.context.root;
    const options = { signal: this.leaving.signal };
    this.phone.addEventListener("change", () => this.isOpen && this.show(this.context.root.activeElement !== null), options);
    for (const type of ["online", "offline"]) addEventListener(type, () => this.showConnection(), options);
    addEventListener("pagehide", () => this.conversation.save(), options);
    visualViewport?.addEventListener("resize", () => this.fit(), options);
    for (const type of OWN_EVENTS) {
      addEventListener(type, (event) => event.target === host && this.keep(event), { ...options, capture: true });
    }
    // Shortcuts that were set up before us ask this of the element that has the focus.
    Object.defineProperty(host, "isContentEditable", { configurable: true, get: () => this.hasText });
  }

  /** Whether a field for text has the focus. */
  private get hasText(): boolean {
    return this.context.root.activeElement?.matches("input, textarea") ?? false;
  }

  /** Keeps an event in the chat from the page's listeners, which see it as one of an element without text. */
  private keep(event: Event): void {
    event.stopImmediatePropagation();
    if (event.type === "keydown" && this.isOpen) this.key(event as KeyboardEvent);
  }

  returned(): void {
    this.leaving.abort();
    this.leaving = new AbortController();
    this.listen();
    if (!this.isOpen) return;
    this.show(false);
    this.toEnd();
  }

  async restyle(wanted: Theme & { primary?: string }): Promise<void> {
    const { config, request = fetch } = this.context;
    const { primary = "" } = wanted;
    const turn = (this.restyled = {});
    let brand: Theme["tokens"];
    // The service derives all colours from it, so that each stays legible; offline the present ones stay.
    if (COLOUR.test(primary)) brand = await request(`${this.address}?primary=${encodeURIComponent(primary)}`).then(async (it) => (it.ok ? (await it.json()).theme.tokens : undefined)).catch(() => undefined);
    if (turn === this.restyled) config.theme = changedTheme(config.theme, wanted, brand);
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  open({ focus = true, typed = "" } = {}): void {
    if (this.isOpen) return;
    this.show(focus);
    this.input.value += typed;
    this.typed();
    this.context.launcher.setAttribute("aria-expanded", "true");
    this.remember(true);
    this.toEnd();
    this.context.emit("open");
  }

  close(): void {
    if (!this.isOpen) return;
    const hadFocus = this.context.root.activeElement !== null;
    this.dialog.close();
    this.context.launcher.setAttribute("aria-expanded", "false");
    this.remember(false);
    if (hadFocus) this.context.launcher.focus();
    this.context.emit("close");
  }

  ask(question: string): void {
    this.open();
    this.send(String(question));
  }

  refresh(): void {
    if (this.built === this.contents) return;
    const { isOpen, input, log } = this;
    const hadFocus = this.context.root.activeElement === input;
    const position = log.scrollTop;
    this.dialog.remove();
    for (const view of this.views.values()) view.destroy();
    this.build();
    this.input.value = input.value;
    this.dialog.classList.add("again");
    if (!isOpen) return;
    this.show(hadFocus);
    if (hadFocus) this.input.setSelectionRange(input.selectionStart, input.selectionEnd);
    this.log.scrollTop = position;
  }

  destroy(): void {
    this.leaving.abort();
    this.conversation.stop();
    for (const view of this.views.values()) view.destroy();
    this.dialog.remove();
  }

  /** Modal over a phone's whole screen, else beside the page, which stays usable. */
  private show(focus: boolean): void {
    const full = this.phone.matches;
    // A modal dialog takes the focus: in a frame that opens it unasked, from the page around, where an owner may be typing.
    const modal = full && (focus || window.parent === window);
    if (this.dialog.open) this.dialog.close();
    this.dialog.classList.toggle("full", full);
    if (modal) this.dialog.showModal();
    else if (focus) this.dialog.show();
    else this.dialog.open = true;
    this.fit();
    if (focus) this.input.focus();
    else if (modal) this.dialog.focus();
  }

  /** Fits the dialog to the height that a phone's keyboard leaves. */
  private fit(): void {
    this.dialog.style.setProperty("--height", `${Math.round(visualViewport?.height ?? innerHeight)}px`);
  }

  private remember(isOpen: boolean): void {
    try {
      sessionStorage.setItem(`ai-widget-open:${this.context.config.id}`, isOpen ? "1" : "");
    } catch {
      // Storage is forbidden on this page: the next one starts with the chat closed.
    }
  }

  /** The displayed configuration as a key for `refresh`; without colours, which the loader applies. */
  private get contents(): string {
    const { config, locale } = this.context;
    const { monogram } = config.theme;
    return JSON.stringify([locale, { ...config, theme: { monogram } }]);
  }

  private build(): void {
    const { config, root, locale } = this.context;
    this.built = this.contents;
    this.strings = stringsOf(locale);
    this.views = new Map();
    const said = el("div", { class: "unseen", "aria-live": "polite" });
    this.announcer = new Announcer(said, locale);
    this.turns = el("div", { class: "turns" });
    this.log = el(
      "div",
      { class: "log", role: "log", "aria-label": this.strings.log, tabindex: "0", scroll: () => this.scrolled() },
      this.welcome(),
      this.turns,
    );
    this.latest = iconButton(icon("latest"), this.strings.latest, () => this.toEnd());
    this.latest.classList.add("latest");
    this.offline = el("p", { class: "offline", role: "status" });
    this.dialog = el(
      "dialog",
      { "aria-label": config.name, tabindex: "-1", cancel: (event) => this.cancelled(event) },
      this.header(),
      this.log,
      this.latest,
      said,
      this.offline,
      this.composer(),
    );
    for (const turn of this.conversation.turns) this.view(turn);
    root.append(this.dialog);
    this.showConnection();
    this.showSuggestions();
    this.scrolled();
  }

  private header(): Node {
    const { config } = this.context;
    return el(
      "header",
      {},
      this.avatar(),
      el("div", { class: "name" }, el("h2", { dir: "auto" }, config.name), el("p", {}, this.strings.subtitle)),
      iconButton(icon("fresh"), this.strings.fresh, () => this.startNew()),
      iconButton(icon("close"), this.strings.close, () => this.close()),
    );
  }

  /** The logo as the service keeps it: a page's policy need not let pictures in from elsewhere. */
  private avatar(): Node {
    const { config } = this.context;
    const letters = config.theme.monogram || [...config.name.trim()][0] || "?";
    const avatar = el("div", { class: "avatar", "aria-hidden": "true" }, letters);
    if (config.logo) {
      // With CORS, so that the request names the page: the service checks `allowed_origins`.
      const source = `${this.address}/logo?v=${encodeURIComponent(config.logo)}`;
      const image = el("img", { crossorigin: "anonymous", src: source, alt: "" });
      image.addEventListener("load", () => avatar.replaceChildren(image));
    }
    return avatar;
  }

  private welcome(): Node {
    const { config } = this.context;
    return el(
      "div",
      { class: "welcome" },
      el("div", { class: "answer" }, el("div", { class: "text", dir: "auto" }, config.greeting || this.strings.greeting)),
      config.state !== "ready" && el("p", { class: "hint" }, this.strings[config.state === "failed" ? "unavailable" : "building"]),
      el("div", { class: "suggested" }),
    );
  }

  private composer(): Node {
    this.input = el("textarea", {
      rows: "1",
      maxlength: String(MAX_QUESTION),
      "aria-label": this.strings.question,
      placeholder: this.strings.placeholder,
      enterkeyhint: "send",
      dir: "auto",
      input: () => this.typed(),
    });
    this.submit = iconButton(icon("send"), this.strings.send, () => {}, { type: "submit" });
    this.submit.classList.add("submit");
    return el(
      "form",
      { class: "composer", submit: (event) => this.submitted(event) },
      el("div", { class: "field" }, this.input, this.submit),
      el("p", { class: "note" }, this.strings.note),
      this.context.config.contact && el("button", { type: "button", class: "person", click: () => void this.showLeadForm(this.conversation.turns.at(-1)) }, this.strings.person),
    );
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && this.context.root.activeElement === this.input && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!this.conversation.isStreaming) this.submitted(event);
    }
  }

  /** The system closes a modal dialog (Android's back gesture): close it as the close button does. */
  private cancelled(event: Event): void {
    event.preventDefault();
    this.close();
  }

  private typed(): void {
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${Math.min(this.input.scrollHeight, 128)}px`;
  }

  private submitted(event: Event): void {
    event.preventDefault();
    if (this.conversation.isStreaming) this.conversation.stop();
    else this.send(this.input.value);
  }

  private send(text: string): void {
    const question = text.trim().slice(0, MAX_QUESTION);
    if (!question) return;
    this.input.value = "";
    this.typed();
    this.isAtEnd = true;
    this.context.emit("message", { question });
    void this.conversation.ask(question);
    if (!this.phone.matches) this.input.focus();
    else this.log.focus();
  }

  private startNew(): void {
    this.conversation.clear();
    this.turns.replaceChildren();
    for (const view of this.views.values()) view.destroy();
    this.views.clear();
    this.log.querySelector(".lead")?.remove();
    this.showSuggestions();
    this.showProgress();
    this.input.focus();
  }

  private view(turn: Turn): AnswerView {
    const known = this.views.get(turn);
    if (known) return known;
    const view = new AnswerView(turn, this.strings, {
      retry: (it) => {
        this.input.focus();
        void this.conversation.ask(it.question, it);
      },
      rate: (it, rating, comment) => {
        this.context.emit("feedback", { message_id: it.messageId, rating, comment });
        return this.conversation.rate(it, rating, comment);
      },
      cited: (citation: Citation) => this.context.emit("citation_click", citation),
      announce: (text) => this.announcer.announce(text),
      contact: (it) => void this.showLeadForm(it),
    });
    this.views.set(turn, view);
    this.turns.append(view.element);
    return view;
  }

  /** Shows a turn that grew or ended. */
  private changed(turn: Turn): void {
    if (!this.conversation.turns.includes(turn)) return;
    this.view(turn).update();
    this.showProgress();
    if (turn.status === "streaming") {
      if (turn.answer) this.announcer.update(turn.answer, false);
      else this.announcer.begin(this.strings.searching);
    } else {
      this.ended(turn);
    }
    this.showSuggestions();
    if (this.isAtEnd) this.toEnd(this.view(turn).element);
  }

  private ended(turn: Turn): void {
    const { strings } = this;
    if (turn.status === "answered" || turn.status === "near") this.announcer.update(turn.answer, true);
    if (turn.status === "not_found") this.announcer.announce(`${strings.notFound}. ${turn.answer}`);
    if (turn.status === "stopped") this.announcer.announce(strings.stopped);
    if (turn.status === "failed") {
      this.announcer.announce(this.view(turn).element.querySelector(".failure")?.textContent ?? "");
      this.context.emit("error", { code: turn.failure, retry_after: turn.retryAfter || undefined });
      return;
    }
    if (turn.contact === "wanted") void this.showLeadForm(turn, false);
    const { question, answer, citations, messageId, status } = turn;
    this.context.emit("answer", { question, answer, citations, message_id: messageId, status });
  }

  /** Shows the form for an e-mail address at the end; what a turn left unanswered is its first message. */
  private async showLeadForm(turn?: Turn, focus = true): Promise<void> {
    const { root, base, locale, config } = this.context;
    const shown = this.log.querySelector(".lead");
    if (!shown) {
      try {
        const { leadForm }: typeof import("./lead") = await import(`${base}widget/${LEAD_FILE}`);
        const form = leadForm({
          root,
          locale,
          consent: config.contact?.consent ?? null,
          message: turn && isUnanswered(turn) ? turn.question : "",
          send: (values) => this.conversation.leave(values),
          announce: (text) => this.announcer.announce(text),
        });
        form.addEventListener("lead-closed", () => this.input.focus());
        this.log.querySelector(".lead")?.remove();
        this.log.append(form);
      } catch {
        this.announcer.announce(this.strings.unavailable);
        return;
      }
    }
    const form = this.log.querySelector<HTMLElement>(".lead")!;
    form.scrollIntoView({ block: "nearest" });
    if (focus) form.querySelector<HTMLElement>("input, .thanks")?.focus();
  }

  private showProgress(): void {
    const isBusy = this.conversation.isStreaming;
    const label = isBusy ? this.strings.stop : this.strings.send;
    if (this.submit.title === label) return;
    this.submit.title = label;
    this.submit.setAttribute("aria-label", label);
    this.submit.replaceChildren(icon(isBusy ? "stop" : "send"));
  }

  /** Shows the widget's suggested questions before the first question, later those of the last answer. */
  private showSuggestions(): void {
    const last = this.conversation.turns.at(-1);
    const questions = (last ? last.suggestions : this.context.config.suggested_questions) ?? [];
    this.log.querySelector(".suggested")?.remove();
    if (!questions.length || this.conversation.isStreaming) return;
    const list = el(
      "div",
      { class: "suggested", role: "group", "aria-label": this.strings.suggestions },
      ...questions
        .slice(0, 4)
        .map((text) => el("button", { type: "button", dir: "auto", click: () => this.send(String(text)) }, String(text))),
    );
    this.log.append(list);
  }

  private showConnection(): void {
    this.offline.textContent = navigator.onLine ? "" : this.strings.offline;
  }

  private scrolled(): void {
    this.isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    this.latest.hidden = this.isAtEnd;
  }

  /** Scrolls to the end, but not past the top of the turn being read. */
  private toEnd(read?: HTMLElement): void {
    const { log } = this;
    log.scrollTop = read ? Math.min(log.scrollHeight, read.offsetTop - log.offsetTop - 10) : log.scrollHeight;
  }
}
