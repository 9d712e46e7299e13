// The view of one question and its answer.

import type { Citation } from "./chat";
import { isUnanswered, type Turn } from "./conversation";
import { el, iconButton, link, safeUrl } from "./dom";
import { icon } from "./icons";
import { MarkdownStream } from "./markdown";
import { fill, type Strings } from "./strings";

export interface Actions {
  retry(turn: Turn): void;
  rate(turn: Turn, rating: "up" | "down", comment?: string): Promise<boolean>;
  cited(citation: Citation): void;
  announce(text: string): void;
  /** Shows the form for an e-mail address. */
  contact(turn: Turn): void;
}

export class AnswerView {
  readonly element: HTMLElement;
  private readonly text = el("div", { class: "text", dir: "auto" });
  private readonly head = el("div");
  private readonly foot = el("div", { class: "foot" });
  private markdown = this.newMarkdown();
  private cited: Citation[] = [];
  private countdown?: ReturnType<typeof setInterval>;

  constructor(
    readonly turn: Turn,
    private readonly strings: Strings,
    private readonly actions: Actions,
  ) {
    const question = el(
      "div",
      { class: "question", dir: "auto" },
      el("span", { class: "unseen" }, `${strings.you}: `),
      turn.question,
    );
    // aria-live is off: the announcer decides what a screen reader says of the answer, and when.
    const answer = el("div", { class: "answer", "aria-live": "off" }, this.head, this.text, this.foot);
    this.element = el("div", { class: "turn" }, question, answer);
    this.update();
  }

  /** Shows the turn's current state. */
  update(): void {
    const { turn } = this;
    clearInterval(this.countdown);
    const isOpen = turn.status === "streaming";
    this.element.dataset.status = turn.status;
    if (turn.citations !== this.cited) {
      // Marks rendered before the citations arrived become links.
      this.cited = turn.citations;
      this.markdown = this.newMarkdown();
    }
    this.markdown.update(turn.answer, !isOpen);
    this.head.replaceChildren(...(turn.status === "not_found" ? [notice("nothing", this.strings.notFound, "not-found")] : []));
    this.text.hidden = !turn.answer;
    if (!isOpen) this.foot.replaceChildren(...this.footer());
    else this.foot.replaceChildren(...(turn.answer ? [] : [this.waiting()]));
    if (!isOpen) this.removeDeadMarks();
  }

  destroy(): void {
    clearInterval(this.countdown);
  }

  private newMarkdown(): MarkdownStream {
    this.text.replaceChildren();
    return new MarkdownStream(this.text, (n) => this.mark(n));
  }

  private waiting(): Node {
    return el("div", { class: "waiting" }, el("i"), el("i"), el("i"), el("span", {}, this.strings.searching));
  }

  private footer(): Node[] {
    const { turn, strings } = this;
    const parts: (Node | false)[] = [];
    if (turn.status === "stopped") parts.push(notice("stop", strings.stopped));
    if (turn.status === "failed") parts.push(this.failure());
    if (turn.citations.length && turn.status !== "failed") parts.push(this.sources());
    parts.push(this.toolbar());
    return parts.filter((part): part is Node => part !== false);
  }

  private failure(): Node {
    const { turn, strings } = this;
    const code = turn.failure as keyof Strings;
    const words = strings[code] ?? strings.unavailable;
    let left = turn.retryAfter ?? 0;
    if (code !== "rate_limited") return notice("warning", words, "failure");
    const element = notice("warning", fill(words, { s: left }), "failure");
    this.countdown = setInterval(() => {
      left -= 1;
      turn.retryAfter = left;
      element.lastElementChild!.textContent = left > 0 ? fill(words, { s: left }) : strings.again;
      if (left > 0) return;
      clearInterval(this.countdown);
      this.actions.announce(strings.again);
      this.foot.querySelector<HTMLButtonElement>(".retry")!.disabled = false;
    }, 1000);
    return element;
  }

  private toolbar(): Node {
    const { turn, strings } = this;
    const hasAnswer = turn.answer !== "" && turn.status !== "failed";
    const bar = el("div", { class: "tools" });
    if (hasAnswer) {
      const button = iconButton(icon("copy"), strings.copy, async () => {
        if (!(await copy(plainAnswer(turn), bar))) return;
        button.replaceChildren(icon("check"));
        this.actions.announce(strings.copied);
        setTimeout(() => button.replaceChildren(icon("copy")), 2000);
      });
      bar.append(button);
    }
    const limited = turn.failure === "rate_limited" && (turn.retryAfter ?? 0) > 0 && turn.status === "failed";
    const retry = iconButton(icon("retry"), strings.retry, () => this.actions.retry(turn), { disabled: limited });
    retry.classList.add("retry");
    if (!hasAnswer || turn.status !== "answered") retry.append(el("span", {}, strings.retry));
    bar.append(retry);
    if (hasAnswer && turn.messageId) this.addThumbs(bar);
    if (turn.contact) bar.append(el("button", { type: "button", class: "person", click: () => this.actions.contact(turn) }, strings.person));
    return bar;
  }

  private addThumbs(bar: HTMLElement): void {
    const { turn, strings } = this;
    const thumbs = (["up", "down"] as const).map((rating) =>
      iconButton(icon(rating), strings[rating], () => void rate(rating), {
        "aria-pressed": String(turn.rating === rating),
        class: "icon thumb",
      }),
    );
    const rate = async (rating: "up" | "down"): Promise<void> => {
      thumbs.forEach((thumb, at) => thumb.setAttribute("aria-pressed", String((at === 0) === (rating === "up"))));
      bar.parentElement?.querySelector(".comment")?.remove();
      const sent = this.actions.rate(turn, rating);
      if (rating === "down") bar.after(this.comment());
      else if (await sent) this.actions.announce(strings.thanks);
    };
    bar.append(...thumbs);
  }

  private comment(): HTMLElement {
    const { turn, strings } = this;
    const input = el("input", { "aria-label": strings.missing, placeholder: strings.missing, maxlength: "1000", dir: "auto" });
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      if (!input.value.trim() || !(await this.actions.rate(turn, "down", input.value.trim()))) return;
      const thanks = el("p", { class: "thanks", tabindex: "-1" }, strings.thanks);
      form.replaceWith(thanks);
      thanks.focus();
      this.actions.announce(strings.thanks);
    };
    const form = el(
      "form",
      { class: "comment", submit: (event) => void submit(event) },
      input,
      el("button", { class: "icon", "aria-label": strings.send, title: strings.send }, icon("send")),
    );
    return form;
  }

  private sources(): Node {
    const { turn, strings } = this;
    const items = turn.citations.map((citation) => {
      const href = citedUrl(citation);
      if (!href) return false;
      const url = new URL(href);
      const where = [citation.heading, url.hostname + decoded(url.pathname)].filter(Boolean).join(" · ");
      return el(
        "li",
        {},
        link(
          href,
          { class: "source", click: () => this.actions.cited(citation) },
          el("b", { "aria-hidden": "true" }, String(citation.n)),
          el("span", { dir: "auto" }, el("span", { class: "title" }, citation.title || where), el("small", {}, where)),
        ),
      );
    });
    const label = isUnanswered(turn) ? strings.nearest : strings.sources;
    return el("div", { class: "sources" }, el("p", { class: "label" }, label), el("ol", { "aria-label": label }, ...items));
  }

  /** A citation's mark in the text: a link once its citation has arrived. */
  private mark(n: number): Node {
    const citation = this.turn.citations.find((it) => it.n === n);
    const href = citation && citedUrl(citation);
    if (!citation || !href) return el("span", { class: "mark" }, String(n));
    const name = fill(this.strings.source, { n, title: citation.title || new URL(href).hostname });
    return link(
      href,
      { class: "mark", "aria-label": name, title: name, click: () => this.actions.cited(citation) },
      String(n),
    );
  }

  /** Removes the marks of citations that never arrived. */
  private removeDeadMarks(): void {
    for (const mark of this.text.querySelectorAll("span.mark")) mark.remove();
  }
}

function notice(name: "nothing" | "stop" | "warning", text: string, kind = ""): HTMLElement {
  return el("div", { class: `notice ${kind}` }, icon(name), el("span", {}, text));
}

/** A citation's deep link, or a URL text fragment made of its first and last words. */
export function citedUrl(citation: Citation): string | undefined {
  const deep = safeUrl(citation.deep_link);
  if (deep?.startsWith("http")) return deep;
  const url = safeUrl(citation.url);
  if (!url?.startsWith("http")) return undefined;
  const words = (citation.text ?? "").split(/\s+/).filter(Boolean);
  if (words.length < 2 || url.includes("#")) return url;
  const code = (it: string[]): string => encodeURIComponent(it.join(" ")).replaceAll("-", "%2D");
  const range = words.length > 10 ? [words.slice(0, 4), words.slice(-4)] : [words];
  return `${url}#:~:text=${range.map(code).join(",")}`;
}

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function plainAnswer({ answer, citations }: Turn): string {
  return [answer.trim(), ...citations.map(({ n, title, url }) => `[${n}] ${title} ${url}`)].join("\n");
}

/** Copies the text and returns whether it worked; falls back to execCommand where a page forbids the Clipboard API. */
async function copy(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    near.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
