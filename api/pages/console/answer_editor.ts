// The form for an own answer; it can be tried beside the present answer before it is saved.

import { el } from "../widget/dom";
import { readEvents } from "../widget/sse";
import { area, button, type Field, field, input, lines, loading, markdown, problem, tag } from "./parts";
import { call, Failed, messageOf } from "./session";
import type { OwnAnswer, Widget } from "./types";

const SILENCE_MS = 60_000;

export class AnswerEditor {
  readonly element: HTMLElement;
  private readonly questions: HTMLTextAreaElement;
  private readonly answer: HTMLTextAreaElement;
  private readonly link: HTMLInputElement;
  private readonly from: HTMLInputElement;
  private readonly until: HTMLInputElement;
  private readonly test: HTMLInputElement;
  private readonly fields: Record<string, Field>;
  private readonly result = el("div", { class: "tried", role: "status" });
  private readonly wrong = el("p", { class: "wrong", role: "alert" });
  private readonly save = el("button", { class: "btn primary" }, "Save");

  constructor(
    private readonly widget: Widget,
    private readonly edited: OwnAnswer | undefined,
    questions: string[],
    private readonly close: (isSaved: boolean) => void,
  ) {
    this.questions = area(questions.join("\n"), 2, { placeholder: "Can I bring my dog?" });
    this.answer = area(edited?.answer ?? "", 5, { placeholder: "Yes, **dogs are welcome** on the terrace and inside." });
    this.link = input({ type: "url", value: edited?.link ?? "", placeholder: widget.site_url });
    this.from = input({ type: "date", value: edited?.valid_from?.slice(0, 10) ?? "" });
    this.until = input({ type: "date", value: edited?.valid_until?.slice(0, 10) ?? "" });
    this.test = input({ placeholder: "As a visitor would put it", maxlength: "2000", value: questions[0] ?? "" });
    this.fields = {
      questions: field("Questions", this.questions, "One per line. Other wordings of them are recognised; add those that are very different."),
      answer: field("Answer", this.answer, "Markdown: **bold**, lists, [links](https://example.com)."),
      link: field("Page to cite", this.link, "Optional. Without it, the start page is cited."),
      valid_from: field("Valid from", this.from),
      valid_until: field("Valid until", this.until),
    };
    const fields = this.fields as Record<string, Field>;
    this.element = el(
      "form",
      { class: "card editor", "aria-label": edited ? "Edit the answer" : "New answer", novalidate: true, submit: (event) => void this.submit(event) },
      el("h2", {}, edited ? "Edit the answer" : "New answer"),
      fields.questions!.element,
      fields.answer!.element,
      el("div", { class: "thirds" }, fields.link!.element, fields.valid_from!.element, fields.valid_until!.element),
      field("Try it on a question", this.test, "", button("Try", () => void this.tryOut())).element,
      this.result,
      this.wrong,
      el("div", { class: "row end" }, button("Cancel", () => this.close(false)), this.save),
    );
  }

  focus(): void {
    (this.questions.value ? this.answer : this.questions).focus();
  }

  private body(): Record<string, unknown> {
    return {
      questions: lines(this.questions.value),
      answer: this.answer.value.trim(),
      link: this.link.value.trim() || null,
      valid_from: this.from.value ? `${this.from.value}T00:00:00Z` : null,
      valid_until: this.until.value ? `${this.until.value}T00:00:00Z` : null,
    };
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    for (const it of Object.values(this.fields)) it.fail("");
    this.wrong.textContent = "";
    const body = this.body();
    if (!lines(this.questions.value).length) return void this.fields.questions!.fail("Write at least one question.");
    if (!body.answer) return void this.fields.answer!.fail("Write the answer.");
    this.save.disabled = true;
    const path = `/api/widgets/${this.widget.id}/answers`;
    try {
      if (this.edited) await call(`${path}/${this.edited.id}`, this.widget.token, { method: "PATCH", body });
      else await call(path, this.widget.token, { method: "POST", body });
      this.close(true);
    } catch (error) {
      const message = messageOf(error);
      const about = error instanceof Failed ? this.fields[error.field.split(".")[0]!] : undefined;
      if (about) about.fail(message);
      else this.wrong.textContent = message;
      this.save.disabled = false;
    }
  }

  /** Shows what a visitor gets now, and whether this answer would take its place. */
  private async tryOut(): Promise<void> {
    const { questions, answer } = this.body();
    const question = this.test.value.trim();
    if (!question || !lines(this.questions.value).length) return;
    this.result.replaceChildren(loading());
    try {
      const [{ matches }, present] = await Promise.all([
        call<{ matches: boolean }>(`/api/widgets/${this.widget.id}/answers/try`, this.widget.token, { method: "POST", body: { question, questions, answer } }),
        presentAnswer(this.widget, question),
      ]);
      const own = matches ? markdown(String(answer) || "…") : el("p", { class: "muted" }, "It would not be given to this question. Add a question that is nearer to this wording.");
      this.result.replaceChildren(
        el("div", {}, el("h3", {}, "Now"), markdown(present)),
        el("div", {}, el("h3", {}, "With your answer ", matches ? tag("Given", "good") : tag("Not given", "plain")), own),
      );
    } catch (error) {
      this.result.replaceChildren(problem(messageOf(error)));
    }
  }
}

/** The answer that visitors get at present; nothing is stored. */
async function presentAnswer(widget: Widget, question: string): Promise<string> {
  const answer = await fetch(`/api/widgets/${widget.id}/chat`, {
    method: "POST",
    headers: { Authorization: `Bearer ${widget.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ message: question }),
  }).catch(() => undefined);
  if (!answer?.ok || !answer.body) {
    const said = await answer?.json().catch(() => undefined);
    throw new Failed(said?.error?.message ?? "The service cannot be reached. Check your connection and try again.", answer?.status ?? 0);
  }
  let text = "";
  for await (const event of readEvents(answer.body, SILENCE_MS) as AsyncGenerator<{ type: string; text?: string; message?: string }>) {
    if (event.type === "token") text += event.text ?? "";
    if (event.type === "error") throw new Failed(event.message ?? "The answer failed. Try again.", 0);
    if (event.type === "done") break;
  }
  return text;
}
