// Parts that all pages of the console are made of.

import { el } from "../widget/dom";
import { MarkdownStream } from "../widget/markdown";
import { Failed, messageOf } from "./session";

export type Child = Node | string | false | null | undefined;

let ids = 0;

/** An id that is used once. */
export function newId(name: string): string {
  return `${name}-${ids++}`;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A time as people say it, with the exact one as its tooltip. */
export function time(at: string | null): HTMLElement {
  if (!at) return el("span", { class: "muted" }, "–");
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, it]) => Math.abs(seconds) >= it) ?? ["minute", 60];
  const far = Math.abs(seconds) > 30 * 86_400;
  const text = far ? new Date(at).toLocaleDateString("en", { dateStyle: "medium" }) : RELATIVE.format(Math.trunc(seconds / size), unit);
  return el("time", { datetime: at, title: new Date(at).toLocaleString("en") }, Math.abs(seconds) < 60 ? "just now" : text);
}

export function number(n: number): string {
  return n.toLocaleString("en");
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

export function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** The path of an address, which tells pages of one site apart. */
export function path(url: string): string {
  if (!URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return decode(pathname + search);
}

function decode(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

export type Tone = "good" | "bad" | "busy" | "plain";

/** A state in a word, with a dot in its colour. */
export function tag(text: string, tone: Tone): HTMLElement {
  return el("span", { class: `tag ${tone}` }, text);
}

export function button(label: string, click: () => void, kind = "", attributes: Record<string, string> = {}): HTMLButtonElement {
  return el("button", { type: "button", class: `btn ${kind}`, click, ...attributes }, label);
}

export function card(title: string, ...children: Child[]): HTMLElement {
  const id = newId("card");
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id }, title), ...children);
}

/** Shown in place of a list that has nothing: what would be here, and what to do. No heading: its level would depend on the place. */
export function empty(title: string, text: string, ...actions: Child[]): HTMLElement {
  return el("div", { class: "empty" }, el("strong", {}, title), el("p", {}, text), actions.length > 0 && el("div", { class: "row" }, ...actions));
}

export function problem(message: string, again?: () => void): HTMLElement {
  return el("div", { class: "problem", role: "alert" }, el("p", {}, message), again && button("Try again", again));
}

/** Grey bars in the shape of what is loading. */
export function loading(): HTMLElement {
  const bars = Array.from({ length: 4 }, () => el("i", { "aria-hidden": "true" }));
  return el("div", { class: "loading", role: "status" }, el("span", { class: "hidden" }, "Loading …"), ...bars);
}

/** Fills the place with what `make` returns: bars until then, the error with a retry if it fails. */
export async function fill(place: HTMLElement, make: () => Promise<Child | Child[]>): Promise<void> {
  if (!place.childElementCount) place.replaceChildren(loading());
  try {
    const made = await make();
    const children = Array.isArray(made) ? made : [made];
    place.replaceChildren(...children.filter((it): it is Node | string => it != null && it !== false));
  } catch (error) {
    place.replaceChildren(problem(messageOf(error), () => void fill(place, make)));
  }
}

export interface Field {
  element: HTMLElement;
  /** Shows what is wrong with the value; empty: nothing. */
  fail(message: string): void;
}

/** A labelled control with a hint and a place for its error. */
export function field(label: string, control: HTMLElement, hint = "", ...more: Child[]): Field {
  control.id ||= newId("field");
  const hintId = `${control.id}-hint`;
  const wrong = el("p", { class: "wrong", id: `${control.id}-wrong`, role: "alert" });
  control.setAttribute("aria-describedby", `${hint ? `${hintId} ` : ""}${wrong.id}`);
  const element = el(
    "div",
    { class: "field" },
    el("label", { for: control.id }, label),
    more.length ? el("div", { class: "row" }, control, ...more) : control,
    hint ? el("p", { class: "hint", id: hintId }, hint) : null,
    wrong,
  );
  return {
    element,
    fail(message) {
      wrong.textContent = message;
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    },
  };
}

/** Shows a failed request beside the field it is about, which gets the focus, or else in the form's own place. */
export function showFailure(error: unknown, fields: Record<string, Field>, name: (field: string) => string, wrong: HTMLElement): void {
  const message = messageOf(error);
  const about = error instanceof Failed ? fields[name(error.field)] : undefined;
  if (!about) {
    wrong.textContent = message;
    return;
  }
  // The field's name stands in the message, for programs.
  const plain = message.replace(/^`[^`]*`:? /, "");
  about.fail(plain.charAt(0).toUpperCase() + plain.slice(1));
  about.element.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}

export function input(attributes: Record<string, string | boolean> = {}): HTMLInputElement {
  return el("input", { autocomplete: "off", ...attributes });
}

export function area(value: string, rows: number, attributes: Record<string, string> = {}): HTMLTextAreaElement {
  const it = el("textarea", { rows: String(rows), ...attributes });
  it.value = value;
  return it;
}

export function select(options: Record<string, string>, value: string, attributes: Record<string, string> = {}): HTMLSelectElement {
  const it = el("select", attributes);
  for (const [key, name] of Object.entries(options)) it.append(el("option", { value: key, selected: key === value }, name));
  return it;
}

export function check(label: string, checked: boolean): [HTMLElement, HTMLInputElement] {
  const box = el("input", { type: "checkbox", checked });
  return [el("label", { class: "check" }, box, label), box];
}

/** The lines of a text that have words. */
export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((it) => it.trim())
    .filter(Boolean);
}

export function markdown(text: string): HTMLElement {
  const place = el("div", { class: "markdown", dir: "auto" });
  new MarkdownStream(place, (n) => el("sup", {}, String(n))).update(text, true);
  return place;
}

/** Code with a button that copies it. */
export function copyable(label: string, text: string): HTMLElement {
  const said = el("span", { role: "status", class: "hidden" });
  const copy = button("Copy", () => {
    void navigator.clipboard
      .writeText(text)
      .then(() => {
        copy.textContent = "Copied";
        said.textContent = "Copied";
        setTimeout(() => (copy.textContent = "Copy"), 2_000);
      })
      .catch(() => getSelection()?.selectAllChildren(code));
  });
  const code = el("pre", { tabindex: "0", "aria-label": label }, text);
  return el("div", { class: "copyable" }, code, copy, said);
}

/** Asks before something is lost; `act` runs when it is confirmed, and its error is shown. */
export function confirmFirst(title: string, text: string, label: string, act: () => Promise<void>): void {
  const id = newId("confirm");
  const wrong = el("p", { class: "wrong", role: "alert" });
  const go = button(label, () => void run(), "danger solid");
  const dialog = el(
    "dialog",
    { class: "confirm", "aria-labelledby": id, close: () => dialog.remove() },
    el("h2", { id }, title),
    el("p", {}, text),
    wrong,
    el("div", { class: "row end" }, el("button", { type: "button", class: "btn", autofocus: true, click: () => dialog.close() }, "Cancel"), go),
  );
  const run = async (): Promise<void> => {
    go.disabled = true;
    try {
      await act();
      dialog.close();
    } catch (error) {
      wrong.textContent = messageOf(error);
      go.disabled = false;
    }
  };
  document.body.append(dialog);
  dialog.showModal();
}

const note = el("div", { class: "note", role: "status" });
let noteTimer: ReturnType<typeof setTimeout> | undefined;

/** Says that something has been done, for some seconds. */
export function say(text: string): void {
  if (!note.isConnected) document.body.append(note);
  note.textContent = text;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => (note.textContent = ""), 4_000);
}

/** Lets the browser save the content as a file. */
export function saveAs(content: Blob, name: string): void {
  const file = URL.createObjectURL(content);
  el("a", { href: file, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}

/** Buttons to the previous and the next part of a list. */
export function paging(offset: number, size: number, total: number, go: (offset: number) => void): HTMLElement | null {
  if (total <= size) return null;
  const back = button("Previous", () => go(Math.max(0, offset - size)));
  const on = button("Next", () => go(offset + size));
  back.disabled = offset === 0;
  on.disabled = offset + size >= total;
  const shown = `${number(offset + 1)}–${number(Math.min(total, offset + size))} of ${number(total)}`;
  return el("nav", { class: "paging", "aria-label": "Pages of the list" }, back, el("span", { class: "muted" }, shown), on);
}

/** Calls `run` when nothing has happened for a moment. */
export function afterTyping(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, 250);
  };
}
