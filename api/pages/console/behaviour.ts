// Behaviour: how answers are worded, what follows when the site does not say, and the widget's language.

import { el } from "../widget/dom";
import { area, check, type Field, field, fill, select } from "./parts";
import { PatchForm } from "./patch_form";
import { may, readOnly } from "./rights";
import { call } from "./session";
import type { Details, Widget } from "./types";

/** Languages that all of the widget's own words are written in. */
const LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "ja", "ar", "he"];

export function behaviourTab(widget: Widget): HTMLElement {
  const place = el("div", { class: "stack" });
  void fill(place, async () => {
    const { rules, chosen } = await call<Details>(`/api/widgets/${widget.id}`, widget.token);
    const cards = [
      new WordingForm(widget, "rules", rules).element(),
      new NotFoundForm(widget, "chosen", chosen).element(),
      new ContactForm(widget, "chosen", chosen).element(),
      new LanguageForm(widget, "chosen", chosen).element(),
    ];
    return may(widget, "editor") ? cards : cards.map(readOnly);
  });
  return place;
}

class WordingForm extends PatchForm {
  element(): HTMLElement {
    const it = area(this.before.instructions ?? "", 4, { maxlength: "2000" });
    const asked = field("Instructions", it, "For example: Be brief. Address visitors informally.");
    return this.form(
      "Wording of answers",
      "For answers that a chat model writes; without one, answers quote the site. Instructions set the tone; they cannot make the widget say what the site does not.",
      this.add("instructions", asked, () => it.value.trim() || null),
    );
  }
}

class NotFoundForm extends PatchForm {
  element(): HTMLElement {
    const it = area(this.before.not_found_text ?? "", 3, { maxlength: "500", placeholder: "This site does not say. The nearest pages may still help you." });
    const text = field("Say this", it, "Markdown, for example with a link to your contact page. Visitors who ask in another language get the usual sentence in theirs.");
    const [label, isOn] = check("Suggest other questions then", this.before.follow_ups !== false);
    return this.form(
      "When the site does not say",
      "The nearest pages are listed below it.",
      this.add("not_found_text", text, () => it.value.trim() || null),
      this.add("follow_ups", checked(label, isOn), () => (isOn.checked ? null : false)),
    );
  }
}

class ContactForm extends PatchForm {
  element(): HTMLElement {
    const [label, isOn] = check("Visitors may leave their e-mail address", this.before.contact_form === true);
    const text = area(this.before.contact_consent ?? "", 2, { maxlength: "500" });
    const consent = field("Text to agree to", text, "Shown with a box to tick. Empty: the form says that the address is used to answer, and for nothing else.");
    return this.form(
      "Form for e-mail addresses",
      "A button below the chat, after an answer that was not found, and when a visitor asks for a person. Addresses are deleted with their conversation.",
      this.add("contact_form", checked(label, isOn), () => isOn.checked || null),
      this.add("contact_consent", consent, () => text.value.trim() || null),
    );
  }
}

class LanguageForm extends PatchForm {
  element(): HTMLElement {
    const names = new Intl.DisplayNames("en", { type: "language" });
    const listed = LANGUAGES.map((it) => [it, names.of(it)!] as const);
    const it = select({ "": "As the site", ...Object.fromEntries(listed) }, this.before.locale ?? "");
    return this.form(
      "Language",
      "Answers are in the language of the question. The pages' languages to read are in the settings.",
      this.add("locale", field("Buttons and labels of the chat", it), () => it.value || null),
    );
  }
}

/** A checkbox as a field. */
function checked(label: HTMLElement, box: HTMLInputElement): Field {
  const wrong = el("p", { class: "wrong", role: "alert" });
  return {
    element: el("div", { class: "field" }, label, wrong),
    fail(message) {
      wrong.textContent = message;
      if (message) box.setAttribute("aria-invalid", "true");
      else box.removeAttribute("aria-invalid");
    },
  };
}
