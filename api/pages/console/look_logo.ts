// The logo on the page Look: a file of the owner's, shown at once, or back to the one found on the site.

import { button, type Field, field, input, say } from "./parts";
import { call, messageOf } from "./session";
import type { Widget } from "./types";

const MAX_BYTES = 2_000_000;
const TYPES = ".png,.jpg,.jpeg,.webp,.svg";

export class LogoField {
  readonly field: Field;
  private readonly file = input({ type: "file", accept: TYPES });
  private readonly back = button("Use the site's logo", () => void this.reset().catch((error: unknown) => this.field.fail(messageOf(error))), "quiet");

  /** `changed` is called when visitors see another logo. */
  constructor(
    private readonly widget: Widget,
    private readonly changed: () => void,
    private isOwn: boolean,
  ) {
    this.field = field("Logo", this.file, "PNG, JPEG, WebP or SVG, at most 2 MB. It is shown as soon as it is sent.", this.back);
    this.file.addEventListener("change", () => void this.send());
    this.back.hidden = !isOwn;
  }

  private get path(): string {
    return `/api/widgets/${this.widget.id}/logo`;
  }

  private async send(): Promise<void> {
    const file = this.file.files?.[0];
    this.field.fail("");
    if (!file) return;
    if (file.size > MAX_BYTES) return this.field.fail(`${file.name} is larger than 2 MB. Send a smaller picture.`);
    this.file.disabled = true;
    try {
      await call(this.path, this.widget.token, { method: "PUT", file });
      this.show(true, "Saved. Visitors see the logo from now on.");
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
    this.show(false, "The site's logo is shown again.");
    this.file.focus();
  }

  private show(isOwn: boolean, said: string): void {
    this.isOwn = isOwn;
    this.back.hidden = !isOwn;
    say(said);
    this.changed();
  }
}
