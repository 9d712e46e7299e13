// Rights: the roles of the tokens signed in with, and the workspaces they belong to.

import { call, Failed, tokens } from "./session";

export type Role = "viewer" | "editor" | "owner" | "admin";

const ORDER: Role[] = ["viewer", "editor", "owner", "admin"];

/** The rights of a token; without a workspace, those of a widget's owner or of the administrator. */
export interface Grant {
  token: string;
  role: Role;
  workspace: { id: string; name: string } | null;
}

const known = new Map<string, Grant>();

/** Whether the role has the rights of the needed one. */
export function may({ role }: { role: Role }, needed: Role): boolean {
  return rank(role) >= rank(needed);
}

export function rank(role: Role): number {
  return ORDER.indexOf(role);
}

/** The form to be read only: its controls are disabled, its buttons gone. */
export function readOnly(form: HTMLElement): HTMLElement {
  for (const it of form.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>("input, select, textarea")) it.disabled = true;
  for (const it of form.querySelectorAll("button")) it.remove();
  return form;
}

/** Remembers what the service says of a token. */
export function learn(grant: Grant): void {
  known.set(grant.token, grant);
}

/** The rights of all tokens signed in with; those that open nothing, and those of widgets built here, are left out. */
export async function grants(): Promise<Grant[]> {
  return (await Promise.all(tokens().map(grantOf))).filter((it) => it !== undefined);
}

/** Whether one may build: viewers of workspaces alone may not. */
export async function mayBuild(): Promise<boolean> {
  const all = await grants();
  return !all.length || all.some((it) => may(it, "editor"));
}

async function grantOf(token: string): Promise<Grant | undefined> {
  try {
    if (!known.has(token)) learn({ ...(await call<Omit<Grant, "token">>("/api/widgets?limit=1", token)), token });
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
  }
  return known.get(token);
}
