// Settings: what of the site is read and when, where the widget may be used, the token, deletion.

import { deleteWidget, rebuild, RequestFailed } from "../start/following";
import { el } from "../widget/dom";
import { area, button, card, confirmFirst, copyable, field, fill, host, lines, say } from "./parts";
import { may, readOnly } from "./rights";
import { rulesCard } from "./rules";
import { scheduleCard } from "./schedule";
import { call, Failed, messageOf } from "./session";
import type { Details, Widget } from "./types";
import type { Go } from "./widget_page";

export function settingsTab(widget: Widget, go: Go): HTMLElement {
  const canEdit = may(widget, "editor");
  const chosen = el("div", { class: "stack" });
  void fill(chosen, async () => {
    const details = await call<Details>(`/api/widgets/${widget.id}`, widget.token);
    const cards = [rulesCard(widget, details), scheduleCard(widget, details), card("Allowed websites", originsForm(widget, details))];
    return canEdit ? cards : cards.map(readOnly);
  });
  return el("div", { class: "stack" }, chosen, canEdit && readAgain(widget, go), tokenCard(widget), may(widget, "owner") && deletion(widget, go));
}

function originsForm(widget: Widget, { chosen }: Details): HTMLElement {
  const text = area((chosen.allowed_origins ?? []).join("\n"), 3, { placeholder: "https://www.example.com", spellcheck: "false" });
  const asked = field("Origins that may embed the widget", text, "One per line. Empty: any website. Our preview always works.");
  const save = el("button", { class: "btn primary" }, "Save");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    asked.fail("");
    save.disabled = true;
    const found = lines(text.value);
    try {
      await call(`/api/widgets/${widget.id}`, widget.token, { method: "PATCH", body: { allowed_origins: found.length ? found : null } });
      say("Saved.");
    } catch (error) {
      asked.fail(messageOf(error));
      text.focus();
    }
    save.disabled = false;
  };
  return el("form", { submit: (event) => void submit(event) }, asked.element, el("div", { class: "row" }, save));
}

function readAgain(widget: Widget, go: Go): HTMLElement {
  const status = el("p", { class: "wrong", role: "alert" });
  const act = button("Read the site again", async () => {
    act.disabled = true;
    status.textContent = "";
    try {
      const events = await rebuild(widget.id, widget.token);
      // The build goes on without its stream.
      await events.next();
      await events.return(undefined);
      say("The site is being read again.");
      go(`#/w/${widget.id}/overview`);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      status.textContent = error.message;
      act.disabled = false;
    }
  });
  return card("Reading the site", el("p", {}, "The site is read again every night, or by its own schedule. Until a new reading is complete, the widget answers from the one before. Your own answers stay as they are."), status, el("div", { class: "row" }, act, button("Back to the reading before", () => rollBack(widget, go))));
}

function rollBack(widget: Widget, go: Go): void {
  confirmFirst("Go back to the reading before?", "The widget answers from the reading before the present one, until the site is read again.", "Go back", async () => {
    await call(`/api/widgets/${widget.id}/rollback`, widget.token, { method: "POST" });
    say("The widget answers from the reading before.");
    go(`#/w/${widget.id}/overview`);
  });
}

/** The widget's own token; one of the workspace's members is theirs, and is not shown again. */
function tokenCard(widget: Widget): HTMLElement | null {
  if (widget.workspace_id || widget.role !== "owner") return null;
  return card(
    "Token",
    el("p", {}, "Whoever has this token can see and change this widget. Keep it in a safe place: it cannot be shown again once it is lost from this browser."),
    el("details", {}, el("summary", {}, "Show the token"), copyable("Token", widget.token)),
  );
}

function deletion(widget: Widget, go: Go): HTMLElement {
  const name = widget.name || host(widget.site_url);
  const ask = (): void =>
    confirmFirst(
      `Delete the widget of ${name}?`,
      "Its knowledge, its visitors' conversations and ratings, your own answers and settings are deleted. This cannot be undone. Pages that still have the snippet will show no chat.",
      "Delete",
      async () => {
        await deleteWidget(widget.id, widget.token).catch((error: unknown) => {
          if (error instanceof RequestFailed) throw new Failed(error.message, error.status);
          throw error;
        });
        localStorage.removeItem(`ai-widget-owner:${widget.id}`);
        say(`The widget of ${name} is deleted.`);
        go("#/");
      },
    );
  return card("Delete", el("p", {}, "The widget disappears from all pages that have its snippet."), el("div", { class: "row" }, button("Delete this widget", ask, "danger")));
}
