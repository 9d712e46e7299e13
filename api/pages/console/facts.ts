// Facts: what is known of the whole site, to be corrected or hidden.

import { el, link, safeUrl } from "../widget/dom";
import { area, button, empty, fill, path, say, tag } from "./parts";
import { may } from "./rights";
import { call, messageOf } from "./session";
import type { SiteFact, Widget } from "./types";

const KINDS: Record<string, string> = {
  name: "Names",
  legal_name: "Company",
  address: "Addresses",
  phone: "Telephones",
  fax: "Fax",
  email: "E-mail addresses",
  hours: "Opening hours",
  social: "Profiles",
  registration: "Registrations",
  payment: "Payment",
  shipping: "Shipping",
  offer: "Prices",
  event: "Events",
  notice: "Notices",
};
/** Pages that are named for each fact. */
const SHOWN_PAGES = 3;

export function factsTab(widget: Widget): HTMLElement {
  const place = el("div", { class: "stack" });
  const load = (): void =>
    void fill(place, async () => {
      const { facts } = await call<{ facts: SiteFact[] }>(`/api/widgets/${widget.id}/facts`, widget.token);
      if (!facts.length) return el("div", { class: "card" }, empty("No facts yet", "Contact data, opening hours and prices that the site states are listed here once it has been read."));
      const groups = Object.entries(KINDS).map(([kind, title]) => [title, facts.filter((it) => it.kind === kind)] as const);
      return groups.filter(([, found]) => found.length).map(([title, found]) => group(widget, title, found, facts, load));
    });
  load();
  return el("div", { class: "stack" }, el("p", { class: "muted" }, "What the site says of itself, each once. A correction is told to visitors at once, and stays when the site is read again."), place);
}

function group(widget: Widget, title: string, found: SiteFact[], all: SiteFact[], reload: () => void): HTMLElement {
  const id = `facts-${found[0]!.kind}`;
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id }, title), el("ul", { class: "plain lined" }, ...found.map((it) => row(widget, it, all, reload))));
}

function row(widget: Widget, fact: SiteFact, all: SiteFact[], reload: () => void): HTMLElement {
  const change = async (body: object, done: string): Promise<void> => {
    try {
      await call(`/api/widgets/${widget.id}/facts/${fact.id}`, widget.token, { method: "PATCH", body });
      say(done);
      reload();
    } catch (error) {
      say(messageOf(error));
    }
  };
  const edit = (): void => {
    const text = area(fact.value, fact.value.split("\n").length, { "aria-label": `Value of ${fact.found}`, maxlength: "1000" });
    const save = button("Save", () => void change({ value: text.value.trim() || null }, "Saved. Visitors are told it from now on."), "primary");
    item.replaceChildren(text, el("div", { class: "row" }, save, button("Cancel", reload)));
    text.focus();
  };
  const others = all.filter((it) => fact.conflicts_with.includes(it.id)).map((it) => it.value);
  const pages = fact.pages.slice(0, SHOWN_PAGES).flatMap((url) => {
    const safe = safeUrl(url);
    return safe ? [" ", link(safe, { title: url }, path(url))] : [];
  });
  const more = fact.page_count > SHOWN_PAGES ? ` and ${fact.page_count - SHOWN_PAGES} more` : "";
  const actions = [
    button("Correct", edit, "quiet", { "aria-label": `Correct: ${fact.value}` }),
    fact.edited && button("Back to what was found", () => void change({ value: null }, "As found on the site."), "quiet", { "aria-label": `Back to what was found: ${fact.found}` }),
    fact.hidden
      ? button("Show", () => void change({ hidden: false }, "Visitors are told it again."), "quiet", { "aria-label": `Show: ${fact.value}` })
      : button("Hide", () => void change({ hidden: true }, "Visitors are not told it any more."), "quiet", { "aria-label": `Hide: ${fact.value}` }),
  ];
  const item = el(
    "li",
    {},
    el("div", { class: "row between top" }, el("b", { dir: "auto" }, fact.label && fact.label !== fact.value ? `${fact.label}: ${fact.value}` : fact.value), fact.hidden ? tag("Hidden", "plain") : fact.edited ? tag("Corrected", "good") : null),
    fact.edited ? el("small", {}, `Found: ${fact.found}`) : null,
    others.length > 0 && el("small", { class: "wrong" }, `The site also says: ${others.join(" · ")}`),
    el("small", {}, "On", ...pages, more),
    may(widget, "editor") && el("div", { class: "row" }, ...actions),
  );
  return item;
}
