// Sources: the owner's files and texts, which the widget answers from beside the site.

import { el, link, safeUrl } from "../widget/dom";
import { area, button, confirmFirst, empty, type Field, field, fill, host, input, number, say, showFailure, tag, time } from "./parts";
import { may } from "./rights";
import { call, messageOf } from "./session";
import type { Source, SourceText, Widget } from "./types";

const KINDS: Record<string, string> = { pdf: "PDF", docx: "Word", markdown: "Markdown", text: "Text" };

/** `open` shows the text of a page. */
export function sourcesCard(widget: Widget, open: (pageId: string) => void): HTMLElement {
  return new Sources(widget, open).element;
}

class Sources {
  readonly element = el("section", { class: "card", "aria-labelledby": "sources" });
  private readonly list = el("div", { class: "stack" });
  private readonly writing = el("div");
  private readonly state = el("p", { class: "muted", role: "status" });
  private readonly wrong = el("div", { class: "wrong", role: "alert" });
  private readonly file = input({ type: "file", multiple: true, accept: ".pdf,.docx,.md,.markdown,.txt" });

  constructor(
    private readonly widget: Widget,
    private readonly open: (pageId: string) => void,
  ) {
    this.element.append(el("h2", { id: "sources" }, "Your files and texts"), this.list);
    if (may(widget, "editor")) {
      const files = field("Add files", this.file, "PDF, Word (DOCX), Markdown or plain text.");
      this.file.addEventListener("change", () => void this.send([...(this.file.files ?? [])]));
      this.element.append(files.element, this.state, this.wrong, el("div", { class: "row" }, button("Write a text", () => this.write())), this.writing);
    }
    this.load();
  }

  private get base(): string {
    return `/api/widgets/${this.widget.id}/sources`;
  }

  private load(): void {
    void fill(this.list, async () => {
      const { sources } = await call<{ sources: Source[] }>(this.base, this.widget.token);
      if (sources.length) return el("ul", { class: "plain lined" }, ...sources.map((it) => this.source(it)));
      return empty("None yet", "Price lists, manuals and whatever else the site does not say. Visitors get answers from them at once, and reading the site again does not change them.");
    });
  }

  private source(it: Source): HTMLElement {
    const remove = (): void =>
      confirmFirst("Delete this source?", "No answer has it any more. Its text is deleted for good.", "Delete", async () => {
        await call(`${this.base}/${it.id}`, this.widget.token, { method: "DELETE" });
        say("The source is deleted.");
        this.load();
      });
    const url = safeUrl(it.url);
    const page = it.page_id;
    const title = page ? el("button", { type: "button", class: "as-link", click: () => this.open(page) }, it.title) : it.title;
    const size = it.tokens === null ? "Waits for the next reading" : `${number(it.tokens)} tokens`;
    const edit = it.kind === "text" && button("Edit", () => void this.edit(it), "quiet", { "aria-label": `Edit: ${it.title}` });
    const actions = may(this.widget, "editor") && el("div", { class: "row" }, edit, button("Delete", remove, "quiet", { "aria-label": `Delete: ${it.title}` }));
    return el(
      "li",
      {},
      el("div", { class: "row between top" }, el("b", { dir: "auto" }, title), tag(KINDS[it.kind] ?? it.kind, "plain")),
      el("small", {}, `${size}, added `, time(it.added_at), url ? ", cites " : "", url ? link(url, {}, host(url)) : null),
      actions,
    );
  }

  /** Sends the files one after the other; a file that is refused does not hold up the others. */
  private async send(files: File[]): Promise<void> {
    this.wrong.replaceChildren();
    this.file.disabled = true;
    let added = 0;
    for (const [at, it] of files.entries()) {
      this.state.textContent = `Reading ${it.name} (${at + 1} of ${files.length}) …`;
      try {
        await call(`${this.base}?${new URLSearchParams({ name: it.name })}`, this.widget.token, { method: "POST", file: it });
        added++;
      } catch (error) {
        const message = messageOf(error);
        this.wrong.append(el("p", {}, message.startsWith(it.name) ? message : `${it.name}: ${message}`));
      }
    }
    this.state.textContent = "";
    this.file.value = "";
    this.file.disabled = false;
    if (added) {
      say(added === 1 ? "Added. Visitors get answers from it." : `${added} files are added. Visitors get answers from them.`);
      this.load();
    }
  }

  private async edit(source: Source): Promise<void> {
    this.wrong.replaceChildren();
    try {
      this.write(await call<SourceText>(`${this.base}/${source.id}`, this.widget.token));
    } catch (error) {
      this.wrong.append(el("p", {}, messageOf(error)));
    }
  }

  /** Shows the form for a new text, or for one that is there. */
  private write(known?: SourceText): void {
    const title = input({ maxlength: "300", required: true, value: known?.title ?? "" });
    const text = area(known?.text ?? "", 8, { dir: "auto" });
    const page = input({ type: "url", placeholder: this.widget.site_url, value: known?.link ?? "" });
    const fields: Record<string, Field> = {
      title: field("Title", title, "Cited to visitors."),
      text: field("Text", text, "Markdown: headings help to find the right part."),
      link: field("Link", page, "The page that the citation opens; empty: the start page."),
    };
    const wrong = el("p", { class: "wrong", role: "alert" });
    const save = el("button", { class: "btn primary" }, known ? "Save" : "Add");
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      wrong.textContent = "";
      for (const it of Object.values(fields)) it.fail("");
      save.disabled = true;
      try {
        const body = { title: title.value, text: text.value, link: page.value.trim() || null };
        if (known) await call(`${this.base}/${known.id}`, this.widget.token, { method: "PUT", body });
        else await call(this.base, this.widget.token, { method: "POST", body });
        this.writing.replaceChildren();
        say(known ? "Saved. Visitors get answers from the new text." : "Added. Visitors get answers from it.");
        this.load();
      } catch (error) {
        showFailure(error, fields, (name) => name, wrong);
      }
      save.disabled = false;
    };
    const cancel = button("Cancel", () => this.writing.replaceChildren());
    const form = el(
      "form",
      { class: "stack", novalidate: true, "aria-label": known ? `Edit: ${known.title}` : "New text", submit: (event) => void submit(event) },
      ...Object.values(fields).map((it) => it.element),
      wrong,
      el("div", { class: "row" }, save, cancel),
    );
    this.writing.replaceChildren(form);
    title.focus();
  }
}
