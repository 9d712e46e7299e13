// The owner's actions on the whole widget: rebuild it, delete it.

import { el } from "../widget/dom";
import { type BuildEvent, deleteWidget, rebuild, RequestFailed } from "./following";

export interface OwnedWidget {
  widgetId: string;
  token: string;
  /** The site's name, as far as known by now. */
  name(): string;
}

export interface OwnerActions {
  /** Called with the events of a rebuild. */
  onRebuild(events: AsyncGenerator<BuildEvent>): void;
  onDeleted(name: string): void;
}

/** A card with two buttons, "Read the site again" and "Delete this widget"; deleting asks for confirmation. */
export class OwnerCard {
  readonly element: HTMLElement;
  private readonly status = el("p", { role: "status" });
  private readonly again = el("button", { type: "button", click: () => void this.readAgain() }, "Read the site again");

  constructor(
    private readonly owned: OwnedWidget,
    private readonly actions: OwnerActions,
  ) {
    const confirming = new Confirmation(owned, () => actions.onDeleted(owned.name()));
    const drop = el("button", { type: "button", class: "danger", click: () => confirming.ask() }, "Delete this widget");
    this.element = el(
      "section",
      { class: "card owner", "aria-label": "This widget" },
      el("h2", {}, "This widget"),
      el("p", {}, "The site is read again every night. Until a new reading is complete, the widget answers from the previous one."),
      el("div", { class: "row" }, this.again, drop),
      this.status,
      confirming.dialog,
    );
  }

  /** Whether a build of the widget is running. */
  set isBusy(isBusy: boolean) {
    this.again.disabled = isBusy;
  }

  private async readAgain(): Promise<void> {
    this.isBusy = true;
    this.status.textContent = "Starting …";
    try {
      this.actions.onRebuild(await rebuild(this.owned.widgetId, this.owned.token));
    } catch (error) {
      this.status.textContent = messageOf(error);
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
    private readonly owned: OwnedWidget,
    private readonly onDeleted: () => void,
  ) {
    const keep = el("button", { type: "button", autofocus: true, click: () => this.dialog.close() }, "Keep it");
    this.dialog = el(
      "dialog",
      { class: "confirm", "aria-labelledby": this.title.id, "aria-describedby": "confirm-text" },
      this.title,
      el(
        "p",
        { id: "confirm-text" },
        "This deletes the widget's knowledge of the site, its visitors' conversations and ratings, and your settings. " +
          "It cannot be undone. Pages that still have the snippet will show no chat.",
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
      this.onDeleted();
    } catch (error) {
      this.problem.textContent = messageOf(error);
      this.drop.disabled = false;
    }
  }
}

/** Shown in place of a deleted widget. */
export function deletedCard(name: string): HTMLElement {
  const title = el("h1", { tabindex: "-1" }, "The widget is deleted");
  return el(
    "section",
    { class: "hero gone" },
    title,
    el("p", {}, `The widget of ${name} and all its data have been deleted. Remove the snippet from your pages: it shows no chat any more.`),
    el("p", {}, el("a", { href: "/" }, "Build another widget")),
  );
}

/** The message of a failed request; other errors are thrown on. */
export function messageOf(error: unknown): string {
  if (error instanceof RequestFailed) return error.message;
  throw error;
}
