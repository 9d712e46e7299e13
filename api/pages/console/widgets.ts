// The widgets that the tokens open, with their states in words.

import { tag } from "./parts";
import { type Grant, learn, rank } from "./rights";
import { builtHere, call, Failed, forget, tokens } from "./session";
import type { Widget } from "./types";

const PAGE = 1_000;
const STALE_DAYS = 8;

/** All widgets that the tokens open, each once, with the token that has the most rights; newest first. */
export async function loadWidgets(query: Record<string, string> = {}): Promise<Widget[]> {
  const found = new Map<string, Widget>();
  const lists = await Promise.all([...new Set([...tokens(), ...builtHere()])].map((token) => listOf(token, query)));
  const byRank = lists.flat().sort((a, b) => rank(b.role) - rank(a.role));
  for (const widget of byRank) if (!found.has(widget.id)) found.set(widget.id, widget);
  return [...found.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** One widget; undefined if no token opens it. */
export async function loadWidget(id: string): Promise<Widget | undefined> {
  return (await loadWidgets({ id }))[0];
}

async function listOf(token: string, query: Record<string, string>): Promise<Widget[]> {
  const all: Widget[] = [];
  try {
    for (;;) {
      const asked = new URLSearchParams({ ...query, limit: String(PAGE), offset: String(all.length) });
      const { widgets, total, role, workspace } = await call<Omit<Grant, "token"> & { widgets: Widget[]; total: number }>(`/api/widgets?${asked}`, token);
      learn({ token, role, workspace });
      all.push(...widgets.map((it) => ({ ...it, token, role })));
      if (all.length >= total || !widgets.length) return all;
    }
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    // A link to a widget may be cut off: no token opens that.
    if (error.field === "id") return all;
    // Its widgets have been deleted, or it was revoked.
    if (error.status !== 403) throw error;
    // Of another workspace.
    if (query.workspace) return all;
    forget(token);
    return all;
  }
}

export function stateOf(widget: Widget): HTMLElement {
  if (isBuilding(widget)) {
    return widget.state === "ready" ? tag("Reading again", "busy") : tag("Building", "busy");
  }
  if (widget.state === "failed") return tag("Failed", "bad");
  return widget.build_status === "failed" ? tag("Ready, last reading failed", "bad") : tag("Ready", "good");
}

export function isStale(widget: Widget): boolean {
  return !!widget.built_at && Date.now() - Date.parse(widget.built_at) > STALE_DAYS * 86_400_000;
}

export function isBuilding(widget: Widget): boolean {
  return ["pending", "running"].includes(widget.build_status ?? "");
}

/** A table of the widgets, for spreadsheets. */
export function asCsv(widgets: Widget[]): Blob {
  const heads = ["id", "name", "site_url", "state", "pages", "built_at", "next_read_at", "build_status", "build_error", "questions", "unanswered"] as const;
  // A cell that begins like a formula is text.
  const cell = (value: unknown): string => `"${String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const rows = widgets.map((it) => heads.map((name) => cell(it[name])).join(","));
  return new Blob(["\ufeff", [heads.join(","), ...rows].join("\r\n"), "\r\n"], { type: "text/csv" });
}
