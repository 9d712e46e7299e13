// Adding many widgets: addresses pasted or from a CSV file, built some at a time, with progress.

import { el } from "../widget/dom";
import { startBuild, RequestFailed, type BuildEvent } from "../start/following";
import { area, button, card, field, host, plural, say, select, tag, type Tone } from "./parts";
import { grants, may, type Grant } from "./rights";
import { signIn, isKept } from "./session";

const AT_ONCE = 3;
const MAX_ADDRESSES = 500;
const PAUSE_MS = 5_000;
const MAX_TRIES = 60;
const SITE = /^(?:https?:\/\/)?(?:[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+|localhost|\d+(?:\.\d+){3})(?::\d+)?(?:[/?#]\S*)?$/iu;

/** The website addresses in a text or CSV, each once. Cells that are no address are passed over. */
export function addresses(text: string): string[] {
  const cells = text.split(/[\s,;"'<>]+/).filter((it) => SITE.test(it) && !it.includes("@"));
  const whole = cells.map((it) => (/^https?:/i.test(it) ? it : `https://${it}`));
  return [...new Map(whole.filter((it) => URL.canParse(it)).map((it) => [new URL(it).href, it])).values()];
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
  const place = el("div");
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
    text.value = "";
    recount();
    place.append(new Run(found, await target.token()).element);
  };
  return el(
    "div",
    {},
    el("div", { class: "head" }, el("h1", {}, "Add widgets")),
    el("form", { class: "card", submit: (event) => void submit(event) }, asked.element, chosen.element, target.element, el("div", { class: "row" }, go, count)),
    place,
  );
}

/** The workspace that the widgets are added to, if one may add to any. */
class Target {
  private readonly choice = select({ "": "None: each widget has a token of its own" }, "");
  readonly element = field("Workspace", this.choice, "Its members open the widgets that are added.").element;
  private readonly found: Promise<Grant[]>;

  constructor() {
    this.element.hidden = true;
    this.found = this.load();
  }

  private async load(): Promise<Grant[]> {
    const found = (await grants()).filter((it) => it.workspace && may(it, "editor"));
    for (const { workspace } of found) this.choice.append(el("option", { value: workspace!.id }, workspace!.name));
    if (found.length) this.choice.selectedIndex = 1;
    this.element.hidden = !found.length;
    return found;
  }

  /** The member's token; empty without a workspace. */
  async token(): Promise<string> {
    const found = await this.found;
    return found.find((it) => it.workspace!.id === this.choice.value)?.token ?? "";
  }
}

class Run {
  readonly element: HTMLElement;
  private readonly body = el("tbody");
  private readonly bar = el("progress", { "aria-label": "Built" });
  private readonly status = el("p", { class: "muted", role: "status" });
  private readonly waiting: [string, Row][];
  private done = 0;
  private failed = 0;
  private stopped = false;
  private readonly total: number;

  constructor(
    urls: string[],
    private readonly token: string,
  ) {
    this.total = urls.length;
    this.waiting = urls.map((url) => [url, new Row(url)]);
    this.body.append(...this.waiting.map(([, row]) => row.element));
    this.bar.max = this.total;
    this.bar.value = 0;
    const stop = button("Stop after those that are being built", () => {
      this.stopped = true;
      for (const [, row] of this.waiting.splice(0)) row.show("Not started", "plain");
      stop.hidden = true;
    });
    const heads = ["Website", "State", ""].map((it) => (it ? el("th", { scope: "col" }, it) : el("td")));
    const table = el("table", { class: "list" }, el("caption", { class: "hidden" }, "Builds"), el("thead", {}, el("tr", {}, ...heads)), this.body);
    this.element = card("Builds", el("div", { class: "row between" }, this.status, this.total > 1 && stop), this.bar, table);
    this.count();
    void Promise.all(Array.from({ length: AT_ONCE }, () => this.work())).then(() => {
      stop.hidden = true;
      say(this.failed ? `${plural(this.failed, "build")} failed.` : "All widgets are built.");
    });
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next && !this.stopped; next = this.waiting.shift()) {
      const isBuilt = await build(...next, this.token);
      if (!isBuilt) this.failed++;
      this.done++;
      this.count();
    }
  }

  private count(): void {
    this.bar.value = this.done;
    const failed = this.failed ? `, ${this.failed} failed` : "";
    this.status.textContent = `${this.done} of ${this.total} done${failed}. You may leave this page only when all are started.`;
  }
}

class Row {
  readonly element: HTMLElement;
  private readonly state = el("td");
  private readonly open = el("td", { class: "n" });

  constructor(url: string) {
    this.element = el("tr", {}, el("th", { scope: "row" }, host(url), el("small", {}, url)), this.state, this.open);
    this.show("Waiting", "plain");
  }

  show(text: string, tone: Tone, detail = ""): void {
    this.state.replaceChildren(tag(text, tone), el("small", {}, detail));
  }

  link(widgetId: string): void {
    this.open.replaceChildren(el("a", { href: `#/w/${widgetId}` }, "Open"));
  }
}

/** Builds one widget; waits and tries again while the service is busy. */
async function build(url: string, row: Row, token: string): Promise<boolean> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      for await (const event of startBuild({ url }, token)) {
        if (showEvent(event, row)) return event.type === "builder_completed";
      }
      return false;
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (error.status !== 429 && error.status !== 503) {
        row.show("Failed", "bad", error.message);
        return false;
      }
      row.show("Waiting for a free place", "busy");
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  row.show("Failed", "bad", "The service is busy. Try this one again later.");
  return false;
}

/** Shows where the build is; returns whether it is over. */
function showEvent({ type, message, detail, data }: BuildEvent, row: Row): boolean {
  if (type === "builder_started") {
    if (data.owner_token) signIn(data.owner_token, isKept());
    row.link(data.widget_id);
    row.show("Reading", "busy");
  } else if (type === "storage_progress") row.show("Reading", "busy", plural(data.done ?? 0, "page"));
  else if (type === "builder_completed") row.show("Ready", "good", plural(data.stored_pages ?? data.statistics?.stored_pages ?? 0, "page"));
  else if (type === "builder_failed" || type === "builder_cancelled") row.show(type === "builder_failed" ? "Failed" : "Cancelled", "bad", detail ?? message);
  return type === "builder_completed" || type === "builder_failed" || type === "builder_cancelled";
}
