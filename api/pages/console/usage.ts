// The use of a workspace, beside its limits.

import { el } from "../widget/dom";
import { card, number } from "./parts";
import type { Workspace } from "./types";

export function usageCard({ id, name, usage, limits }: Omit<Workspace, "token">): HTMLElement {
  const of = (used: number, limit: number | null): string => (limit === null ? number(used) : `${number(used)} of ${number(limit)}`);
  const facts: [string, Node | string][] = [
    ["Widgets", el("a", { href: `#/?workspace=${id}` }, of(usage.widgets, limits.widgets))],
    ["Pages", of(usage.pages, limits.pages)],
    ["Answers this month", of(usage.answers_this_month, limits.answers_a_month)],
  ];
  return card(`Usage of ${name}`, el("dl", { class: "facts" }, ...facts.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))));
}
