// Conversations: what visitors asked and were told; export, erasure, and the way to a better answer.

import { el, link, safeUrl } from "../widget/dom";
import { afterTyping, button, confirmFirst, empty, fill, input, markdown, number, paging, path, saveAs, say, select, tag, time } from "./parts";
import { may } from "./rights";
import { call, download, messageOf } from "./session";
import type { Message, Transcript, Widget } from "./types";
import type { Go } from "./widget_page";

const SIZE = 20;
const EXPORTED = 200;

/** `page`: only answers that cite this page, from another tab. */
export function conversationsTab(widget: Widget, _go: Go, page: string): HTMLElement {
  return new Conversations(widget, page).element;
}

class Conversations {
  readonly element: HTMLElement;
  private readonly text = input({ type: "search", placeholder: "Search in questions and answers", "aria-label": "Search" });
  private readonly answered = select({ "": "All answers", true: "Answered", false: "Not answered" }, "", { "aria-label": "Answer" });
  private readonly rating = select({ "": "All ratings", up: "Helpful", down: "Not helpful" }, "", { "aria-label": "Rating" });
  private readonly page: HTMLInputElement;
  private readonly from = input({ type: "date" });
  private readonly to = input({ type: "date" });
  private readonly list = el("div", { class: "stack" });
  private offset = 0;

  constructor(
    private readonly widget: Widget,
    page: string,
  ) {
    const again = (): void => this.load(0);
    this.page = input({ type: "search", placeholder: "Address of a cited page", "aria-label": "Cited page", value: page, spellcheck: "false" });
    for (const it of [this.text, this.page]) it.addEventListener("input", afterTyping(again));
    for (const it of [this.answered, this.rating, this.from, this.to]) it.addEventListener("change", again);
    const day = (label: string, it: HTMLElement): HTMLElement => el("label", { class: "row" }, el("span", { class: "muted" }, label), it);
    const dates = el("div", { class: "row dates" }, day("From", this.from), day("To", this.to));
    this.element = el(
      "div",
      { class: "stack" },
      el("div", { class: "filters" }, this.text, this.page, this.answered, this.rating, dates),
      el("div", { class: "row end" }, button("Export CSV", () => void this.export("csv")), button("Export JSON", () => void this.export("json")), may(widget, "owner") && button("Erase all", () => this.eraseAll(), "danger")),
      this.list,
    );
    this.load(0);
  }

  private get base(): string {
    return `/api/widgets/${this.widget.id}/conversations`;
  }

  private query(): URLSearchParams {
    const values = { q: this.text.value.trim(), answered: this.answered.value, rating: this.rating.value, page: this.page.value.trim(), from: this.from.value, to: this.to.value };
    return new URLSearchParams(Object.entries(values).filter(([, it]) => it));
  }

  private load(offset: number): void {
    this.offset = offset;
    void fill(this.list, async () => {
      const query = this.query();
      const isFiltered = query.size > 0;
      query.set("limit", String(SIZE));
      query.set("offset", String(offset));
      const { conversations, total } = await call<{ conversations: Transcript[]; total: number }>(`${this.base}?${query}`, this.widget.token);
      if (!conversations.length) return this.none(isFiltered);
      const nav = paging(offset, SIZE, total, (to) => {
        this.load(to);
        this.element.scrollIntoView();
      });
      const count = el("p", { class: "muted", role: "status" }, `${number(total)} ${total === 1 ? "conversation" : "conversations"}`);
      return [count, ...conversations.map((it) => this.conversation(it)), nav];
    });
  }

  private none(isFiltered: boolean): HTMLElement {
    if (isFiltered) return el("div", { class: "card" }, empty("Nothing matches", "Change the filters or the dates."));
    const install = el("a", { class: "btn primary", href: `#/w/${this.widget.id}/install` }, "Put the widget on your site");
    return el("div", { class: "card" }, empty("No conversations yet", "Once visitors ask the widget, you can read here what they asked and what they were told.", install));
  }

  private conversation(it: Transcript): HTMLElement {
    const erase = (): void =>
      confirmFirst("Erase this conversation?", "Its questions, answers and ratings are deleted for good.", "Erase", async () => {
        await call(`${this.base}/${it.id}`, this.widget.token, { method: "DELETE" });
        say("The conversation is erased.");
        this.load(this.offset);
      });
    const first = it.messages[0]?.question ?? "";
    return el(
      "article",
      { class: "card conversation", "aria-label": `Conversation: ${first}` },
      el("header", { class: "row between" }, time(it.messages.at(-1)?.at ?? it.started_at), may(this.widget, "owner") && button("Erase", erase, "quiet", { "aria-label": `Erase the conversation: ${first}` })),
      ...it.messages.map((message) => this.message(message)),
    );
  }

  private message(it: Message): HTMLElement {
    const sources = it.citations.map((cited) => {
      const url = safeUrl(cited.url);
      return el("li", {}, url ? link(url, { title: url }, cited.title || path(cited.url)) : cited.title);
    });
    const isRefused = !it.answered && it.kind !== "small_talk";
    const answer = it.answer ? markdown(it.answer) : el("p", { class: "muted" }, "The answer was not completed.");
    const state = it.kind === "own" ? tag("Your own answer", "good") : isRefused ? tag("Not answered", "bad") : null;
    const label = isRefused ? "Answer this" : "Correct this";
    return el(
      "div",
      { class: it.matches ? "message" : "message aside" },
      el("p", { class: "question", dir: "auto" }, it.question),
      answer,
      sources.length > 0 && el("div", { class: "sources" }, el("span", { class: "muted" }, isRefused ? "Nearest pages, none of which answers it" : "Sources"), el("ul", { class: "plain" }, ...sources)),
      it.rating && el("p", { class: "rated" }, tag(it.rating === "up" ? "Helpful" : "Not helpful", it.rating === "up" ? "good" : "bad"), it.comment ? el("q", { dir: "auto" }, it.comment) : null),
      el("div", { class: "row" }, state, it.kind !== "small_talk" && may(this.widget, "editor") && el("a", { class: "btn quiet", href: `#/w/${this.widget.id}/answers/${encodeURIComponent(it.question)}`, "aria-label": `${label}: ${it.question}` }, label)),
    );
  }

  private async export(ending: "csv" | "json"): Promise<void> {
    try {
      const content = ending === "csv" ? await download(`${this.base}?${this.query()}`, this.widget.token, "text/csv") : await this.all();
      saveAs(content, `conversations.${ending}`);
    } catch (error) {
      say(messageOf(error));
    }
  }

  /** All conversations that match, as JSON. */
  private async all(): Promise<Blob> {
    const found: Transcript[] = [];
    for (;;) {
      const query = this.query();
      query.set("limit", String(EXPORTED));
      query.set("offset", String(found.length));
      const { conversations, total } = await call<{ conversations: Transcript[]; total: number }>(`${this.base}?${query}`, this.widget.token);
      found.push(...conversations);
      if (!conversations.length || found.length >= total) return new Blob([JSON.stringify(found, null, 2)], { type: "application/json" });
    }
  }

  private eraseAll(): void {
    confirmFirst("Erase all conversations?", "All questions, answers and ratings of this widget's visitors are deleted for good. Export them first if you need them.", "Erase all", async () => {
      const { deleted } = await call<{ deleted: number }>(this.base, this.widget.token, { method: "DELETE" });
      say(`${number(deleted)} conversations are erased.`);
      this.load(0);
    });
  }
}
