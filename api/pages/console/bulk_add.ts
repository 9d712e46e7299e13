// Adding many widgets: addresses pasted or from a CSV file, and how their builds get on.

import { el } from "../widget/dom";
import { buildAll, currentRun } from "./bulk_run";
import { RunCard } from "./bulk_progress";
import { area, field, input, plural, select } from "./parts";
import { grants, may } from "./rights";
import { messageOf } from "./session";
import { createWorkspace, tokenCard } from "./new_workspace";

const MAX_ADDRESSES = 500;
const NEW = "new";
const SITE = /^(?:https?:\/\/)?(?:[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+|localhost|\d+(?:\.\d+){3})(?::\d+)?(?:[/?#]\S*)?$/iu;

/** The website addresses in a text or CSV, each once. Cells that are no address are passed over. */
export function addresses(text: string): string[] {
  const cells = text.split(/[\s,;"'<>]+/).filter((it) => SITE.test(it) && !it.includes("@"));
  // The service finds out whether an address without a scheme is one of https or http.
  const whole = (it: string): string => (/^https?:/i.test(it) ? it : `https://${it}`);
  return [...new Map(cells.filter((it) => URL.canParse(whole(it))).map((it) => [new URL(whole(it)).href, it])).values()];
}

/** The page. */
export function bulkPage(): HTMLElement {
  const text = area("", 8, { spellcheck: "false", placeholder: "example.com\nhttps://shop.example.org/" });
  const asked = field("Addresses of websites", text, `One per line or separated by commas, at most ${MAX_ADDRESSES}. A widget is built for each.`);
  const file = el("input", { type: "file", accept: ".csv,.txt,text/csv,text/plain" });
  const chosen = field("Or a CSV file", file, "Every cell that is a web address is taken; the others are passed over.");
  const count = el("span", { class: "muted", role: "status" });
  const target = new Target();
  const go = el("button", { class: "btn primary" }, "Build");
  const place = el("div", { class: "stack" });
  const show = (): void => {
    const run = currentRun();
    if (run) place.replaceChildren(new RunCard(run).element);
  };
  const recount = (): void => {
    const found = addresses(text.value).length;
    count.textContent = found ? plural(found, "address", "addresses") : "";
  };
  text.addEventListener("input", recount);
  file.addEventListener("change", async () => {
    const read = await file.files?.[0]?.text();
    if (read) text.value = `${text.value.trim()}\n${addresses(read).join("\n")}`.trim();
    recount();
  });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const found = addresses(text.value);
    asked.fail(found.length ? (found.length > MAX_ADDRESSES ? `These are ${found.length} addresses. Add at most ${MAX_ADDRESSES} at a time.` : "") : "Enter at least one address, like example.com.");
    if (!found.length || found.length > MAX_ADDRESSES) return void text.focus();
    go.disabled = true;
    try {
      buildAll(found, await target.choose());
      text.value = "";
      file.value = "";
      recount();
      show();
    } catch (error) {
      target.fail(messageOf(error));
    }
    go.disabled = false;
  };
  show();
  return el(
    "div",
    { class: "stack" },
    el("div", { class: "head" }, el("h1", {}, "Add widgets")),
    el("form", { class: "card", novalidate: true, submit: (event) => void submit(event) }, asked.element, chosen.element, target.element, el("div", { class: "row" }, go, count)),
    place,
  );
}

/** The workspace that the widgets are added to: one of those that one may add to, a new one, or none. */
class Target {
  readonly element = el("div", { class: "stack" });
  private readonly choice = select({ "": "None: each widget has a token of its own" }, "");
  private readonly name = input({ maxlength: "100" });
  private readonly named = field("Name of the new workspace", this.name, "For example the name of your company.");
  private readonly asked = field("Workspace", this.choice, "Its members open the widgets that are added.");

  constructor() {
    this.element.append(this.asked.element, this.named.element);
    this.named.element.hidden = true;
    this.choice.append(el("option", { value: NEW }, "A new workspace …"));
    this.choice.addEventListener("change", () => (this.named.element.hidden = this.choice.value !== NEW));
    void this.load();
  }

  private async load(): Promise<void> {
    const found = (await grants()).filter((it) => it.workspace && may(it, "editor"));
    for (const { workspace } of found) this.choice.lastElementChild!.before(el("option", { value: workspace!.id }, workspace!.name));
    if (found.length && !this.choice.value) this.choice.selectedIndex = 1;
  }

  fail(message: string): void {
    this.asked.fail(message);
    this.choice.focus();
  }

  /** The id of the workspace, a new one if that is wanted; empty without one. */
  async choose(): Promise<string> {
    this.asked.fail("");
    if (this.choice.value !== NEW) return this.choice.value;
    const made = await createWorkspace(this.name.value.trim());
    this.choice.lastElementChild!.before(el("option", { value: made.id }, made.name));
    this.choice.value = made.id;
    this.named.element.hidden = true;
    const shown = tokenCard("Your token as the workspace's owner", made.token);
    this.element.append(shown);
    shown.focus();
    return made.id;
  }
}
