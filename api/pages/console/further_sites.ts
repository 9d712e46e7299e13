// Further sites that the widget's knowledge is read from, beside its own.

import { el, link, safeUrl } from "../widget/dom";
import { readAgain } from "./bulk_run";
import { button, confirmFirst, empty, field, fill, host, input, path, say } from "./parts";
import { may } from "./rights";
import { call, messageOf } from "./session";
import type { Details, Widget } from "./types";

/** `changed` is called when pages have gone from the answers. */
export function sitesCard(widget: Widget, changed: () => void): HTMLElement {
  return new Sites(widget, changed).element;
}

class Sites {
  readonly element = el("section", { class: "card", "aria-labelledby": "sites" });
  private readonly list = el("div", { class: "stack" });
  private readonly address = input({ placeholder: "help.example.com", inputmode: "url", spellcheck: "false" });
  private readonly asked = field("Add a site", this.address, "A help centre, a shop, a blog: read from this address on, within the widget's depth and number of pages.", el("button", { class: "btn" }, "Add"));

  constructor(
    private readonly widget: Widget,
    private readonly changed: () => void,
  ) {
    this.element.append(el("h2", { id: "sites" }, "Other sites"), this.list);
    if (may(widget, "editor")) this.element.append(el("form", { novalidate: true, submit: (event) => void this.add(event) }, this.asked.element));
    this.load();
  }

  private load(): void {
    void fill(this.list, async () => {
      const sites = await this.read();
      if (sites.length) return el("ul", { class: "plain lined" }, ...sites.map((it) => this.site(it)));
      return empty("No other site", `The widget reads ${host(this.widget.site_url)}. Visitors can get answers from other sites of yours too, with links to them.`);
    });
  }

  private async read(): Promise<string[]> {
    const { rules } = await call<Details>(`/api/widgets/${this.widget.id}`, this.widget.token);
    return rules.sites as string[];
  }

  private async save(sites: string[]): Promise<void> {
    await call(`/api/widgets/${this.widget.id}`, this.widget.token, { method: "PATCH", body: { sites: sites.length ? sites : null } });
  }

  private site(url: string): HTMLElement {
    const remove = (): void =>
      confirmFirst("Remove this site?", `No answer has pages of ${host(url)} any more. Add it again to have them back.`, "Remove", async () => {
        await this.save((await this.read()).filter((it) => it !== url));
        say("The site is removed.");
        this.load();
        this.changed();
      });
    const name = host(url) + path(url).replace(/\/$/, "");
    const safe = safeUrl(url);
    return el("li", { class: "row between" }, safe ? link(safe, {}, name) : name, may(this.widget, "editor") && button("Remove", remove, "quiet", { "aria-label": `Remove ${name}` }));
  }

  private async add(event: Event): Promise<void> {
    event.preventDefault();
    this.asked.fail(this.address.value.trim() ? "" : "Enter the address of a website, like help.example.com.");
    if (!this.address.value.trim()) return void this.address.focus();
    const go = this.element.querySelector<HTMLButtonElement>("form button")!;
    go.disabled = true;
    try {
      const before = await this.read();
      await this.save([...before, this.address.value.trim()]);
      if ((await this.read()).length === before.length) {
        say("The widget reads this site already.");
      } else {
        readAgain([this.widget]);
        say("Added. The sites are being read; until then the widget answers as before.");
      }
      this.address.value = "";
      this.load();
    } catch (error) {
      this.asked.fail(messageOf(error));
      this.address.focus();
    }
    go.disabled = false;
  }
}
