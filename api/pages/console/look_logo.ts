// The logo on the page Look: one of those found on the site, or a file of the owner's; shown at once.

import { el } from "../widget/dom";
import { button, type Field, field, input, say } from "./parts";
import { call, messageOf } from "./session";
import type { Logos, Widget } from "./types";

const MAX_BYTES = 2_000_000;
const TYPES = ".png,.jpg,.jpeg,.webp,.svg";

export class LogoField {
  readonly field: Field;
  private readonly found = el("div", { class: "logos", role: "group", "aria-label": "Logos found on the site", hidden: true });
  private readonly file = input({ type: "file", accept: TYPES });
  private readonly back = button("Use the site's logo", () => void this.reset().catch((error: unknown) => this.field.fail(messageOf(error))), "quiet");

  /** `changed` is called when visitors see another logo. */
  constructor(
    private readonly widget: Widget,
    private readonly changed: () => void,
    private isOwn: boolean,
  ) {
    this.field = field("Logo", this.file, "PNG, JPEG, WebP or SVG, at most 2 MB. Visitors see it as soon as it is sent.", this.back);
    this.file.addEventListener("change", () => void this.send());
    this.file.parentElement!.before(this.found);
    this.back.hidden = !isOwn;
    void this.load().catch((error: unknown) => this.field.fail(messageOf(error)));
  }

  private get path(): string {
    return `/api/widgets/${this.widget.id}/logo`;
  }

  /** Shows the logos that were found, if there is a choice, with the present one pressed. */
  private async load(): Promise<void> {
    const { logos, shown, is_own } = await call<Logos>(this.path, this.widget.token);
    this.isOwn = is_own;
    this.back.hidden = !is_own;
    this.found.hidden = logos.length < (is_own ? 1 : 2);
    this.found.replaceChildren(
      ...logos.map(({ tag, found, picture }, at) =>
        el("button", { type: "button", "aria-label": `Logo ${at + 1}, ${found}`, "aria-pressed": String(tag === shown), title: found, click: () => void this.choose(tag, at) }, el("img", { src: picture, alt: "" })),
      ),
    );
  }

  private async choose(found: string, at: number): Promise<void> {
    this.field.fail("");
    try {
      await call(this.path, this.widget.token, { method: "PUT", body: { found } });
      await this.show("Saved. Visitors see this logo from now on.");
      // The buttons are new ones.
      (this.found.children[at] as HTMLElement | undefined)?.focus();
    } catch (error) {
      this.field.fail(messageOf(error));
    }
  }

  private async send(): Promise<void> {
    const file = this.file.files?.[0];
    this.field.fail("");
    if (!file) return;
    if (file.size > MAX_BYTES) return this.field.fail(`${file.name} is larger than 2 MB. Send a smaller picture.`);
    this.file.disabled = true;
    try {
      await call(this.path, this.widget.token, { method: "PUT", file });
      await this.show("Saved. Visitors see the logo from now on.");
    } catch (error) {
      this.field.fail(messageOf(error));
    }
    this.file.disabled = false;
    // The same file can be chosen again after it was mended.
    this.file.value = "";
    this.file.focus();
  }

  /** Goes back to the site's logo; rejects with the failed request. */
  async reset(): Promise<void> {
    this.field.fail("");
    if (!this.isOwn) return;
    await call(this.path, this.widget.token, { method: "DELETE" });
    await this.show("The site's logo is shown again.");
    this.file.focus();
  }

  private async show(said: string): Promise<void> {
    say(said);
    this.changed();
    await this.load();
  }
}
