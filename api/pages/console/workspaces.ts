// Workspaces: the list of them, and a new one.

import { el } from "../widget/dom";
import { card, empty, field, fill, input, plural, say } from "./parts";
import { myWorkspaces } from "./my_workspaces";
import { createWorkspace, tokenCard } from "./new_workspace";
import type { Role } from "./rights";
import { messageOf } from "./session";
import type { Workspace } from "./types";
import { workspacePage } from "./workspace_page";

const ROLES: Record<Role, string> = { viewer: "Viewer", editor: "Editor", owner: "Owner", admin: "Administrator" };

/** The page: one workspace by its id, or all of them. */
export function workspacesPage(id: string, go: (to: string) => void): HTMLElement {
  const place = el("div", { class: "stack" });
  const title = el("h1", {}, id ? "Workspace" : "Workspaces");
  void fill(place, async () => {
    const found = await myWorkspaces();
    if (!id) return [...list(found), creation(place)];
    const wanted = found.find((it) => it.id === id);
    if (!wanted) return el("div", { class: "card" }, empty("No such workspace", "None of your tokens opens it. The token may have been revoked.", el("a", { href: "#/workspaces" }, "All workspaces")));
    title.textContent = wanted.name;
    return workspacePage(wanted, go);
  });
  const path = id ? el("nav", { class: "crumbs", "aria-label": "Path" }, el("a", { href: "#/workspaces" }, "Workspaces")) : null;
  return el("div", {}, path, el("div", { class: "head" }, title), place);
}

function list(found: Workspace[]): HTMLElement[] {
  if (!found.length) {
    return [el("div", { class: "card" }, empty("No workspace yet", "A workspace keeps widgets together and opens them to several people, each with a token and a role of their own."))];
  }
  const items = found.map((it) =>
    el("li", { class: "row between" }, el("a", { href: `#/workspaces/${it.id}` }, it.name), el("span", { class: "muted" }, `${plural(it.usage.widgets, "widget")} · ${ROLES[it.role]}`)),
  );
  return [card("Your workspaces", el("ul", { class: "plain lined" }, ...items))];
}

function creation(place: HTMLElement): HTMLElement {
  const name = input({ maxlength: "100", required: true });
  const asked = field("Name", name, "For example the name of your company.");
  const go = el("button", { class: "btn primary" }, "Create");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    asked.fail("");
    go.disabled = true;
    try {
      const made = await createWorkspace(name.value.trim());
      say("The workspace is created. You are signed in with its token.");
      const opened = el("p", {}, el("a", { href: `#/workspaces/${made.id}` }, `Open ${made.name}`));
      const shown = tokenCard("Your token as its owner", made.token);
      shown.append(opened);
      place.replaceChildren(shown);
      shown.focus();
    } catch (error) {
      asked.fail(messageOf(error));
      name.focus();
    }
    go.disabled = false;
  };
  return card("New workspace", el("form", { submit: (event) => void submit(event) }, asked.element, el("div", { class: "row" }, go)));
}
