// Adding many widgets: addresses pasted or from a CSV file, and how their builds get on.

import { el } from "../widget/dom";
import { buildAll, currentRun } from "./bulk_run";
import { RunCard } from "./bulk_progress";
import { area, field, input, plural, select } from "./parts";
import { grants, may } from "./rights";
import { messageOf } from "./session";
import { createWorkspace, tokenCard } from "./new_workspace";
import { readAddresses, textOf } from "./site_addresses";

const MAX_ADDRESSES = 500;
const NEW = "new";
/** Fewer may each have a token of its own. */
const MANY = 10;

/** The page. */
export function bulkPage(): HTMLElement {
  const text = area("", 8, { spellcheck: "false", placeholder: "example.com\nhttps://shop.example.org/" });
  const asked = field("Addresses of websites", text, `One per line or separated by commas, at most ${MAX_ADDRESSES}. A widget is built for each.`);
  const file = el("input", { type: "file", accept: ".csv,.txt,text/csv,text/plain" });
  const chosen = field("Or a CSV file", file, "Every cell that is a web address is taken; the others are passed over.");
  const count = el("p", { class: "muted", role: "status" });
  const target = new Target();
  const go = el("button", { class: "btn primary" }, "Build");
  const place = el("div", { class: "stack" });
  const show = (): void => {
    const run = currentRun();
    if (run) place.replaceChildren(new RunCard(run).element);
  };
  const recount = (more: string[] = []): void => {
    const { found, without } = readAddresses(text.value);
    count.textContent = found.length || more.length ? told(found.length, [...without, ...more]) : "";
    target.suit(found.length);
  };
  text.addEventListener("input", () => recount());
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    const { found, without } = readAddresses(await textOf(chosen));
    text.value = `${text.value.trim()}\n${found.join("\n")}`.trim();
    recount(without);
  });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { found } = readAddresses(text.value);
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
    el("form", { class: "card", novalidate: true, submit: (event) => void submit(event) }, asked.element, chosen.element, target.element, count, el("div", { class: "row" }, go)),
    place,
  );
}

/** How many addresses were found, and the lines that have none. */
function told(found: number, without: string[]): string {
  const named = plural(found, "address", "addresses");
  if (!without.length) return `${named}.`;
  const [first] = without;
  const line = first!.length > 60 ? `${first!.slice(0, 59)}…` : first;
  return `${named}. ${plural(without.length, "line has", "lines have")} none${without.length > 1 ? ", the first" : ""}: “${line}”.`;
}

/** The workspace that the widgets are added to: one of those that one may add to, a new one, or none. */
class Target {
  readonly element = el("div", { class: "stack" });
  private readonly choice = select({ "": "None: each widget has a token of its own" }, "");
  private isChosen = false;
  private readonly name = input({ maxlength: "100" });
  private readonly named = field("Name of the new workspace", this.name, "For example the name of your company.");
  private readonly asked = field("Workspace", this.choice, "Its members open the widgets that are added.");

  constructor() {
    this.element.append(this.asked.element, this.named.element);
    this.named.element.hidden = true;
    this.choice.append(el("option", { value: NEW }, "A new workspace …"));
    this.choice.addEventListener("change", () => {
      this.isChosen = true;
      this.show();
    });
    void this.load();
  }

  private show(): void {
    this.named.element.hidden = this.choice.value !== NEW;
  }

  /** Proposes a workspace for many widgets: with a token each, a hundred would have to be kept. */
  suit(widgets: number): void {
    if (this.isChosen || (this.choice.value && this.choice.value !== NEW)) return;
    this.choice.value = widgets > MANY ? NEW : "";
    this.show();
  }

  private async load(): Promise<void> {
    const found = (await grants()).filter((it) => it.workspace && may(it, "editor"));
    for (const { workspace } of found) this.choice.lastElementChild!.before(el("option", { value: workspace!.id }, workspace!.name));
    if (found.length && !this.isChosen) this.choice.selectedIndex = 1;
    this.show();
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
    this.show();
    const shown = tokenCard("Your token as the workspace's owner", made.token);
    this.element.append(shown);
    shown.focus();
    return made.id;
  }
}
