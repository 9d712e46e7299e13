// One widget: its name, state and address, and the tabs.

import { el, link, safeUrl } from "../widget/dom";
import { answersTab } from "./answers";
import { behaviourTab } from "./behaviour";
import { conversationsTab } from "./conversations";
import { factsTab } from "./facts";
import { installTab } from "./install";
import { knowledgeTab } from "./knowledge";
import { leadsTab } from "./leads";
import { lookTab } from "./look";
import { overviewTab } from "./overview";
import { host } from "./parts";
import { settingsTab } from "./settings";
import type { Widget } from "./types";
import { webhooksTab } from "./webhooks";
import { stateOf } from "./widgets";

export type Go = (to: string) => void;

/** Content of a tab; `extra` is the last part of the address. */
export type Tab = (widget: Widget, go: Go, extra: string) => HTMLElement;

const TABS: Record<string, [string, Tab]> = {
  overview: ["Overview", overviewTab],
  conversations: ["Conversations", conversationsTab],
  answers: ["Answers", answersTab],
  leads: ["Leads", leadsTab],
  knowledge: ["Knowledge", knowledgeTab],
  facts: ["Facts", factsTab],
  look: ["Look", lookTab],
  behaviour: ["Behaviour", behaviourTab],
  install: ["Install", installTab],
  webhooks: ["Webhooks", webhooksTab],
  settings: ["Settings", settingsTab],
};

export function widgetPage(widget: Widget, name: string, extra: string, go: Go): HTMLElement {
  const [, make] = TABS[name] ?? TABS.overview!;
  const items = Object.entries(TABS).map(([key, [label]]) => el("a", { href: `#/w/${widget.id}/${key}`, "aria-current": key === name && "page" }, label));
  const tabs = el("nav", { class: "tabs", "aria-label": "Widget" }, ...items);
  requestAnimationFrame(() => tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }));
  const site = safeUrl(widget.site_url);
  return el(
    "div",
    {},
    el("nav", { class: "crumbs", "aria-label": "Path" }, el("a", { href: "#/" }, "Widgets")),
    el(
      "div",
      { class: "head" },
      el("div", {}, el("h1", {}, widget.name || host(widget.site_url)), el("p", { class: "sub" }, stateOf(widget), site ? link(site, {}, host(site)) : null)),
      el("div", { class: "row" }, link(`/preview/${widget.id}`, { class: "btn" }, "Preview")),
    ),
    el("div", { class: "columns" }, tabs, el("div", { class: "content" }, make(widget, go, extra))),
  );
}
