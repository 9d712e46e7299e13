// Rules: which pages of the site are read and how.

import { el } from "../widget/dom";
import { area, field, input, lines, select } from "./parts";
import { PatchForm } from "./patch_form";
import type { Details, Widget } from "./types";

const RENDER = { auto: "Where a page needs it", always: "On the start page and the pages it links to", never: "Never" };

/** The card with the rules of a widget. */
export function rulesCard(widget: Widget, { rules }: Details): HTMLElement {
  return new RulesForm(widget, "rules", rules).element();
}

class RulesForm extends PatchForm {
  element(): HTMLElement {
    return this.form(
      "Pages to read",
      "Pages that the paths leave out are in no answer from now on. All else is for the next reading of the site.",
      this.text("include", "Read only these paths", "One per line, with * for anything: /docs/*. Empty: all. The start page is always read."),
      this.text("exclude", "Leave out these paths", "One per line, like /blog/* or /shop/cart."),
      this.text("read_noindex_paths", "Read these paths although search engines may not", "Terms and refunds often ask to be in no search engine. One per line, like /terms."),
      this.languages(),
      el("div", { class: "pair" }, this.amount("depth", "Depth", "Links to follow from the start page.", "0"), this.amount("max_pages", "Most pages", "", "1")),
      this.rendering(),
    );
  }

  private text(name: string, label: string, hint: string): HTMLElement {
    const it = area(this.before[name].join("\n"), 3, { spellcheck: "false" });
    return this.add(name, field(label, it, hint), () => lines(it.value));
  }

  private languages(): HTMLElement {
    const it = input({ value: this.before.languages.join(", "), spellcheck: "false" });
    const asked = field("Further languages", it, "Beside the start page's, like de, fr. An asterisk (*) reads all.");
    return this.add("languages", asked, () => lines(it.value.replaceAll(",", "\n")));
  }

  private amount(name: string, label: string, hint: string, min: string): HTMLElement {
    const it = input({ type: "number", min, value: String(this.before[name]), inputmode: "numeric" });
    return this.add(name, field(label, it, hint), () => (it.value.trim() ? Number(it.value) : null));
  }

  private rendering(): HTMLElement {
    const it = select(RENDER, this.before.render);
    return this.add("render", field("Use a browser to read", it), () => it.value);
  }
}
