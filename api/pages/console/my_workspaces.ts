// The workspaces that the tokens open.

import { grants } from "./rights";
import { call } from "./session";
import type { Workspace } from "./types";

/** The workspaces that the tokens open, each once, with the token that has the most rights. */
export async function myWorkspaces(): Promise<Workspace[]> {
  const asked = (await grants()).filter((it) => it.workspace || it.role === "admin");
  // The administrator's come last in the list of tokens that open the same workspace, and replace the others.
  asked.sort((a, b) => Number(a.role === "admin") - Number(b.role === "admin"));
  const found = new Map<string, Workspace>();
  for (const { token } of asked) {
    const { workspaces } = await call<{ workspaces: Workspace[] }>("/api/workspaces?limit=1000", token);
    for (const it of workspaces) found.set(it.id, { ...it, token });
  }
  return [...found.values()];
}
