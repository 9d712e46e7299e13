// A new workspace: one is signed in with its owner's token, which is shown once.

import { el } from "../widget/dom";
import { card, copyable } from "./parts";
import { learn } from "./rights";
import { call, isKept, signIn } from "./session";
import type { Workspace } from "./types";

/** A new workspace, whose token one is then signed in with. */
export async function createWorkspace(name: string): Promise<Workspace> {
  const made = await call<Workspace>("/api/workspaces", "", { method: "POST", body: { name } });
  signIn(made.token, isKept());
  learn({ token: made.token, role: "owner", workspace: { id: made.id, name: made.name } });
  return made;
}

/** A new token, shown once. */
export function tokenCard(title: string, token: string): HTMLElement {
  const made = card(title, el("p", {}, "Save it now: it is not shown again."), copyable("Token", token));
  made.tabIndex = -1;
  return made;
}
