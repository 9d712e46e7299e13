// Own answers, and the questions that wait for one.

import { el, link, safeUrl } from "../widget/dom";
import { AnswerEditor } from "./answer_editor";
import { button, confirmFirst, empty, fill, host, markdown, plural, say, tag, time } from "./parts";
import { may } from "./rights";
import { call, messageOf } from "./session";
import type { Group, OwnAnswer, Widget } from "./types";
import type { Go } from "./widget_page";

/** `question`: the one that is to be answered, from another page. */
export function answersTab(widget: Widget, _go: Go, question: string): HTMLElement {
  return new Answers(widget, question).element;
}

class Answers {
  readonly element = el("div", { class: "stack" });
  private readonly waiting = el("section", { class: "card", "aria-labelledby": "waiting" });
  private readonly own = el("section", { class: "card", "aria-labelledby": "own" });
  private readonly editing = el("div");

  constructor(
    private readonly widget: Widget,
    question: string,
  ) {
    this.element.append(this.editing, this.own, this.waiting);
    if (question && this.canEdit) this.edit(undefined, [question]);
    this.load();
  }

  private get base(): string {
    return `/api/widgets/${this.widget.id}`;
  }

  private get canEdit(): boolean {
    return may(this.widget, "editor");
  }

  private load(): void {
    void fill(this.own, async () => {
      const { answers } = await call<{ answers: OwnAnswer[] }>(`${this.base}/answers`, this.widget.token);
      const write = button("Write an answer", () => this.edit(undefined, []), "primary");
      const head = el("div", { class: "row between" }, el("h2", { id: "own" }, "Your own answers"), this.canEdit && answers.length > 0 && write);
      if (answers.length) return [head, el("ul", { class: "plain lined" }, ...answers.map((it) => this.answer(it)))];
      return [head, empty("None yet", "Answer a question in your own words. Visitors who ask it, also in other words, get exactly that, and reading the site again does not change it.", this.canEdit && write)];
    });
    void fill(this.waiting, async () => {
      const { groups } = await call<{ groups: Group[] }>(`${this.base}/unanswered`, this.widget.token);
      const head = el("h2", { id: "waiting" }, "Questions without an answer");
      if (!groups.length) return [head, empty("Nothing is waiting", "Questions that the site does not answer are collected here, grouped by meaning.")];
      return [head, el("ul", { class: "plain lined" }, ...groups.map((it) => this.group(it)))];
    });
  }

  private group(it: Group): HTMLElement {
    const [first = "", ...others] = it.questions;
    const more = others.length > 0 && el("details", {}, el("summary", {}, `${plural(others.length, "other wording")}`), el("ul", {}, ...others.map((each) => el("li", { dir: "auto" }, each))));
    const asked = el("small", {}, `${plural(it.count, "time")}, last `, time(it.last_at));
    const act = button("Answer", () => this.edit(undefined, it.questions.slice(0, 10)), "", { "aria-label": `Answer: ${first}` });
    return el("li", { class: "row between top" }, el("div", {}, el("b", { dir: "auto" }, first), asked, more), this.canEdit && act);
  }

  private answer(it: OwnAnswer): HTMLElement {
    const [first = "", ...others] = it.questions;
    const url = safeUrl(it.link);
    const set = async (change: object, done: string): Promise<void> => {
      try {
        await call(`${this.base}/answers/${it.id}`, this.widget.token, { method: "PATCH", body: change });
        say(done);
        this.load();
      } catch (error) {
        say(messageOf(error));
      }
    };
    const remove = (): void =>
      confirmFirst("Delete this answer?", "Visitors get the site's own answer again, if it has one.", "Delete", async () => {
        await call(`${this.base}/answers/${it.id}`, this.widget.token, { method: "DELETE" });
        say("The answer is deleted.");
        this.load();
      });
    const pause = it.paused
      ? button("Resume", () => void set({ paused: false }, "The answer is given again."), "quiet", { "aria-label": `Resume: ${first}` })
      : button("Pause", () => void set({ paused: true }, "The answer is paused."), "quiet", { "aria-label": `Pause: ${first}` });
    return el(
      "li",
      { class: "own" },
      el("div", { class: "row between top" }, el("b", { dir: "auto" }, first), validity(it)),
      others.length > 0 && el("small", {}, others.join(" · ")),
      markdown(it.answer),
      url ? el("small", {}, "Cites ", link(url, {}, host(url))) : null,
      this.canEdit && el("div", { class: "row" }, button("Edit", () => this.edit(it, it.questions), "quiet", { "aria-label": `Edit: ${first}` }), pause, button("Delete", remove, "quiet", { "aria-label": `Delete: ${first}` })),
    );
  }

  private edit(answer: OwnAnswer | undefined, questions: string[]): void {
    const close = (isSaved: boolean): void => {
      this.editing.replaceChildren();
      if (isSaved) {
        say("Saved. Visitors get it from now on.");
        this.load();
      }
      history.replaceState(null, "", `#/w/${this.widget.id}/answers`);
    };
    const editor = new AnswerEditor(this.widget, answer, questions, close);
    this.editing.replaceChildren(editor.element);
    editor.element.scrollIntoView({ block: "nearest" });
    // After the page has given its title the focus.
    setTimeout(() => editor.focus());
  }
}

function validity(it: OwnAnswer): HTMLElement {
  if (it.paused) return tag("Paused", "plain");
  const now = Date.now();
  if (it.valid_from && Date.parse(it.valid_from) > now) return tag(`From ${it.valid_from.slice(0, 10)}`, "busy");
  if (it.valid_until && Date.parse(it.valid_until) <= now) return tag("Expired", "bad");
  return it.valid_until ? tag(`Until ${it.valid_until.slice(0, 10)}`, "good") : tag("Given", "good");
}
