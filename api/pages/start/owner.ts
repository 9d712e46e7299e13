// What only the widget's owner may do with all of it: have its site read again, delete it.

import { el } from "../widget/dom";
import { type BuildEvent, deleteWidget, rebuild, Refused } from "./following";

export interface Owned {
  widgetId: string;
  token: string;
  /** What the site is called, as far as is known by now. */
  name(): string;
}

export interface Deeds {
  /** Its site is being read again. */
  rebuilt(events: AsyncGenerator<BuildEvent>): void;
  deleted(name: string): void;
}

/** Two buttons; the second asks before it does what cannot be undone. */
export class OwnerCard {
  readonly element: HTMLElement;
  private readonly status = el("p", { role: "status" });
  private readonly again = el("button", { type: "button", click: () => void this.readAgain() }, "Read the site again");

  constructor(
    private readonly owned: Owned,
    private readonly deeds: Deeds,
  ) {
    const confirming = new Confirmation(owned, () => deeds.deleted(owned.name()));
    const drop = el("button", { type: "button", class: "danger", click: () => confirming.ask() }, "Delete this widget");
    this.element = el(
      "section",
      { class: "card owner", "aria-label": "This widget" },
      el("h2", {}, "This widget"),
      el("p", {}, "It answers from what it knows until the site has been read again. Every night that happens by itself."),
      el("div", { class: "row" }, this.again, drop),
      this.status,
      confirming.dialog,
    );
  }

  /** Whether its site is being read now. */
  set isBusy(isBusy: boolean) {
    this.again.disabled = isBusy;
  }

  private async readAgain(): Promise<void> {
    this.isBusy = true;
    this.status.textContent = "Starting …";
    try {
      this.deeds.rebuilt(await rebuild(this.owned.widgetId, this.owned.token));
    } catch (error) {
      this.status.textContent = said(error);
      this.isBusy = false;
    }
  }
}

class Confirmation {
  readonly dialog: HTMLDialogElement;
  private readonly title = el("h2", { id: "confirm-title" });
  private readonly problem = el("p", { class: "problem", role: "alert" });
  private readonly drop = el("button", { type: "button", class: "danger", click: () => void this.remove() }, "Delete it");

  constructor(
    private readonly owned: Owned,
    private readonly deleted: () => void,
  ) {
    const keep = el("button", { type: "button", autofocus: true, click: () => this.dialog.close() }, "Keep it");
    this.dialog = el(
      "dialog",
      { class: "confirm", "aria-labelledby": this.title.id, "aria-describedby": "confirm-text" },
      this.title,
      el(
        "p",
        { id: "confirm-text" },
        "Lost for good: all it knows of the site, its visitors' conversations and ratings, and what you have adjusted. " +
          "Pages that still have the snippet will show no chat.",
      ),
      this.problem,
      el("div", { class: "row" }, keep, this.drop),
    );
  }

  ask(): void {
    this.title.textContent = `Delete the widget of ${this.owned.name()}?`;
    this.problem.textContent = "";
    this.dialog.showModal();
  }

  private async remove(): Promise<void> {
    this.drop.disabled = true;
    try {
      await deleteWidget(this.owned.widgetId, this.owned.token);
      this.dialog.close();
      this.deleted();
    } catch (error) {
      this.problem.textContent = said(error);
      this.drop.disabled = false;
    }
  }
}

/** Shown in place of a widget that is no more. */
export function goneCard(name: string): HTMLElement {
  const title = el("h1", { tabindex: "-1" }, "The widget is deleted");
  return el(
    "section",
    { class: "hero gone" },
    title,
    el("p", {}, `The widget of ${name} is gone, with all it knew. Take its snippet out of your pages when you can: it draws nothing now.`),
    el("p", {}, el("a", { href: "/" }, "Build another widget")),
  );
}

function said(error: unknown): string {
  if (error instanceof Refused) return error.message;
  throw error;
}
