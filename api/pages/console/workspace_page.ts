// One workspace: its use and limits, its name, its members, and claiming widgets.

import { el } from "../widget/dom";
import { tokenCard } from "./new_workspace";
import { button, card, confirmFirst, field, fill, input, number, plural, say, select, tag, time, type Child } from "./parts";
import { may } from "./rights";
import { call, Failed, forget, messageOf } from "./session";
import type { Member, Workspace } from "./types";
import { usageCard } from "./usage";

const ROLES = { viewer: "Viewer", editor: "Editor", owner: "Owner" };
const RIGHTS = "Viewers read. Editors also change widgets and answers, and start builds. Owners also manage members, delete, and claim widgets.";

export function workspacePage(workspace: Workspace, go: (to: string) => void): HTMLElement[] {
  const again = (): void => go(`#/workspaces/${workspace.id}`);
  const isAdmin = may(workspace, "admin");
  const parts = [isAdmin ? limitsForm(workspace, again) : usageCard(workspace)];
  if (!may(workspace, "owner")) return parts;
  parts.push(new Members(workspace).element);
  // Whoever claims shows a member's token of the workspace: the administrator has none.
  if (!isAdmin) parts.push(claiming(workspace, again));
  return [...parts, renaming(workspace, again), deletion(workspace, go)];
}

/** A form in a card: `send` does the work, and its error is shown at the first field. */
function form(title: string, label: string, fields: ReturnType<typeof field>[], send: () => Promise<void>, ...more: Child[]): HTMLElement {
  const go = el("button", { class: "btn primary" }, label);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    for (const it of fields) it.fail("");
    go.disabled = true;
    try {
      await send();
    } catch (error) {
      fields[0]!.fail(messageOf(error));
      fields[0]!.element.querySelector<HTMLElement>("input, select")?.focus();
    }
    go.disabled = false;
  };
  return card(title, ...more, el("form", { submit: (event) => void submit(event) }, ...fields.map((it) => it.element), el("div", { class: "row" }, go)));
}

function limitsForm(workspace: Workspace, again: () => void): HTMLElement {
  const { usage, limits, token } = workspace;
  const box = (value: number | null): HTMLInputElement => input({ type: "number", min: "0", value: value === null ? "" : String(value), placeholder: "no limit" });
  const widgets = box(limits.widgets);
  const pages = box(limits.pages);
  const answers = box(limits.answers_a_month);
  const fields = [field("Widgets", widgets, `${number(usage.widgets)} now.`), field("Pages of all widgets", pages, `${number(usage.pages)} now.`), field("Answers a month", answers, `${number(usage.answers_this_month)} this month.`)];
  const value = (it: HTMLInputElement): number | null => (it.value ? Number(it.value) : null);
  const open = el("p", {}, el("a", { href: `#/?workspace=${workspace.id}` }, `Its ${plural(usage.widgets, "widget")}`));
  const save = async (): Promise<void> => {
    await call(`/api/workspaces/${workspace.id}/limits`, token, { method: "PATCH", body: { widgets: value(widgets), pages: value(pages), answers_a_month: value(answers) } });
    say("Saved.");
    again();
  };
  return form("Limits", "Save", fields, save, open);
}

function renaming(workspace: Workspace, again: () => void): HTMLElement {
  const name = input({ value: workspace.name, maxlength: "100", required: true });
  return form("Name", "Rename", [field("Name of the workspace", name)], async () => {
    await call(`/api/workspaces/${workspace.id}`, workspace.token, { method: "PATCH", body: { name: name.value.trim() } });
    say("Saved.");
    again();
  });
}

/** Deletes the workspace once its name has been typed. */
function deletion(workspace: Workspace, go: (to: string) => void): HTMLElement {
  const name = input({ required: true, spellcheck: "false" });
  const { widgets } = workspace.usage;
  const asked = field(`Type ${workspace.name} to confirm`, name);
  const text = `${widgets ? `${plural(widgets, "widget")} with all knowledge, conversations and answers` : "The workspace"} and the tokens of all members are deleted. This cannot be undone. Pages that still have a snippet will show no chat.`;
  const made = form(
    "Delete the workspace",
    "Delete for good",
    [asked],
    async () => {
      await call(`/api/workspaces/${workspace.id}`, workspace.token, { method: "DELETE", body: { name: name.value.trim() } });
      if (!may(workspace, "admin")) forget(workspace.token);
      say(`${workspace.name} is deleted.`);
      go("#/workspaces");
    },
    el("p", {}, text),
  );
  const act = made.querySelector("button")!;
  act.className = "btn danger";
  act.disabled = true;
  name.addEventListener("input", () => (act.disabled = name.value.trim() !== workspace.name));
  return made;
}

/** The widgets of a token move into the workspace. */
function claiming(workspace: Workspace, again: () => void): HTMLElement {
  const token = input({ type: "password", required: true, spellcheck: "false" });
  const asked = field("The widget's owner token", token, "Shown when the widget was built, and in its settings. It opens the widget no more afterwards: the workspace's tokens do.");
  return form("Claim a widget", "Claim", [asked], async () => {
    const owned = token.value.trim();
    const { widgets, workspace: other } = await call<{ widgets: { id: string }[]; workspace: object | null }>("/api/widgets", owned).catch((error: unknown) => {
      if (error instanceof Failed && error.status === 403) throw new Failed("No widget has this token. Check that you have copied all of it.", 403);
      throw error;
    });
    if (other || owned === workspace.token) throw new Failed("This is a member's token. Give the token of a single widget.", 422);
    for (const { id } of widgets) await call(`/api/widgets/${id}/claim`, owned, { method: "POST", body: { token: workspace.token } });
    forget(owned);
    for (const { id } of widgets) localStorage.removeItem(`ai-widget-owner:${id}`);
    say(`${plural(widgets.length, "widget")} claimed.`);
    again();
  });
}

class Members {
  readonly element = el("div", { class: "stack" });
  private readonly added = el("div");
  private readonly list = el("div");

  constructor(private readonly workspace: Workspace) {
    this.element.append(card("Members", this.list), this.added, this.addForm());
    this.load();
  }

  private get base(): string {
    return `/api/workspaces/${this.workspace.id}/members`;
  }

  private load(): void {
    void fill(this.list, async () => {
      const { members } = await call<{ members: Member[] }>(this.base, this.workspace.token);
      return el("ul", { class: "plain lined" }, ...members.map((it) => this.member(it)));
    });
  }

  private member(it: Member): HTMLElement {
    const ask = (): void =>
      confirmFirst(`Revoke the token of ${it.name}?`, "It opens nothing any more, at once. This cannot be undone; a new token can be made.", "Revoke", async () => {
        await call(`${this.base}/${it.id}`, this.workspace.token, { method: "DELETE" });
        say("The token is revoked.");
        this.load();
      });
    const used = it.last_used_at ? ["last used ", time(it.last_used_at)] : ["not used yet"];
    return el(
      "li",
      { class: "row between" },
      el("div", {}, el("b", { dir: "auto" }, it.name), " ", tag(it.revoked_at ? "Revoked" : it.role.replace(/^./, (first) => first.toUpperCase()), it.revoked_at ? "bad" : "plain"), el("small", {}, ...used)),
      it.revoked_at ? null : button("Revoke", ask, "quiet", { "aria-label": `Revoke: ${it.name}` }),
    );
  }

  private addForm(): HTMLElement {
    const name = input({ maxlength: "100", required: true });
    const role = select(ROLES, "editor");
    const fields = [field("Name of the member", name, "A person, or a program."), field("Role", role, RIGHTS)];
    return form("Add a member", "Add", fields, async () => {
      const made = await call<Member & { token: string }>(this.base, this.workspace.token, { method: "POST", body: { name: name.value.trim(), role: role.value } });
      const shown = tokenCard(`The token of ${made.name}`, made.token);
      this.added.replaceChildren(shown);
      shown.focus();
      name.value = "";
      this.load();
    });
  }
}
