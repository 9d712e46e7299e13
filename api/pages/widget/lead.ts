// The form for a visitor's e-mail address; loaded when it is first wanted.

import { el } from "./dom";
import css from "./lead.css";
import { leadStrings } from "./lead_strings";

export interface LeadValues {
  email: string;
  name: string;
  message: string;
  consent: boolean;
}

export interface LeadContext {
  root: ShadowRoot;
  locale: string;
  /** The text to agree to; null: there is none. */
  consent: string | null;
  /** The question that was not answered, as a first message. */
  message: string;
  /** Sends the values and returns whether the service has taken them. */
  send(values: LeadValues): Promise<boolean>;
  announce(text: string): void;
}

let ids = 0;
let sheet: CSSStyleSheet | undefined;

/** The form; after it has been sent, thanks stand in its place. */
export function leadForm(context: LeadContext): HTMLFormElement {
  const { root, consent } = context;
  sheet ??= new CSSStyleSheet();
  sheet.replaceSync(css);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  const strings = leadStrings(context.locale);
  const email = el("input", { type: "email", autocomplete: "email", maxlength: "254", required: true, dir: "ltr" });
  const name = el("input", { autocomplete: "name", maxlength: "100", dir: "auto" });
  const message = el("textarea", { rows: "2", maxlength: "2000", dir: "auto" });
  message.value = context.message;
  const agreed = el("input", { type: "checkbox" });
  const wrong = el("p", { class: "wrong", id: `lead-wrong-${++ids}`, role: "alert" });
  const title = el("h3", { id: `lead-${ids}` }, strings.title);
  const submit = el("button", { class: "send" }, strings.send);
  const refuse = (text: string, field?: HTMLElement): void => {
    wrong.textContent = text;
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", wrong.id);
    field?.focus();
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    for (const it of [email, agreed]) it.removeAttribute("aria-invalid");
    const address = email.value.trim();
    // The service wants a dot in the domain, which browsers do not.
    if (!email.checkValidity() || !/@.+\../.test(address)) return refuse(strings.wrong, email);
    if (consent && !agreed.checked) return refuse(strings.agree, agreed);
    submit.disabled = true;
    const values = { email: address, name: name.value.trim(), message: message.value.trim(), consent: agreed.checked };
    if (!(await context.send(values))) {
      submit.disabled = false;
      return refuse(strings.failed);
    }
    const thanks = el("p", { class: "thanks", tabindex: "-1" }, strings.thanks);
    form.replaceChildren(thanks);
    thanks.focus();
    context.announce(strings.thanks);
  };
  const cancel = (): void => {
    form.dispatchEvent(new Event("lead-closed", { bubbles: true }));
    form.remove();
  };
  const form = el(
    "form",
    { class: "lead", novalidate: true, "aria-labelledby": title.id, submit: (event) => void send(event) },
    title,
    el("label", {}, strings.email, email),
    el("label", {}, strings.name, name),
    el("label", {}, strings.message, message),
    consent ? el("label", { class: "agree" }, agreed, el("span", { dir: "auto" }, consent)) : el("p", { class: "purpose" }, strings.purpose),
    wrong,
    el("div", { class: "row" }, submit, el("button", { type: "button", click: cancel }, strings.cancel)),
  );
  return form;
}
