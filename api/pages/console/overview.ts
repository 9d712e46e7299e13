// Overview: what has happened, and what is to be done.

import { el } from "../widget/dom";
import { button, card, confirmFirst, empty, fill, number, path, plural, problem, say, tag, time } from "./parts";
import { pastBuildsCard } from "./past_builds";
import { may } from "./rights";
import { call } from "./session";
import type { Group, Insights, Widget, Workspace } from "./types";
import { usageCard } from "./usage";
import type { Go } from "./widget_page";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 120;
const STEP = 20;

export function overviewTab(widget: Widget, go: Go): HTMLElement {
  const place = el("div", { class: "stack" });
  void fill(place, async () => {
    const path = `/api/widgets/${widget.id}`;
    const [insights, { groups }, build, workspace] = await Promise.all([
      call<Insights>(`${path}/insights`, widget.token),
      call<{ groups: Group[] }>(`${path}/unanswered`, widget.token),
      widget.build_id ? call<Record<string, any>>(`/api/public/ai-widget-builder/${widget.build_id}`, widget.token) : undefined,
      widget.workspace_id ? call<Omit<Workspace, "token">>(`/api/workspaces/${widget.workspace_id}`, widget.token) : undefined,
    ]);
    return [failure(widget, go), figures(insights), chart(insights), todo(widget, groups), popular(widget, insights), reading(widget, build), pastBuildsCard(widget), workspace ? usageCard(workspace) : null];
  });
  return place;
}

function failure(widget: Widget, go: Go): HTMLElement | null {
  if (widget.build_status !== "failed") return null;
  if (widget.build_held) return held(widget, go);
  const rest = widget.state === "ready" ? " The widget answers from what it read before." : "";
  return el("div", { class: "banner bad" }, el("p", {}, el("b", {}, "The last reading of the site failed. "), `${(widget.build_error ?? "").replace(/[.\s]*$/, ".")}${rest} `), may(widget, "editor") && el("a", { class: "btn", href: `#/w/${widget.id}/settings` }, "Read again"));
}

/** A reading that is complete, and was not published because it lacks pages or answers. */
function held(widget: Widget, go: Go): HTMLElement {
  const publish = (): void =>
    confirmFirst("Answer from the new reading?", "The widget answers from what was read last, although it lacks what is said above. You can go back in the settings.", "Answer from it", async () => {
      await call(`/api/widgets/${widget.id}/publish`, widget.token, { method: "POST" });
      say("The widget answers from the new reading.");
      go(`#/w/${widget.id}/knowledge`);
    });
  return el("div", { class: "banner bad" }, el("p", {}, el("b", {}, "The last reading of the site is held back. "), widget.build_error ?? ""), may(widget, "editor") && button("Answer from it anyway", publish));
}

function figures(insights: Insights): HTMLElement {
  const share = insights.questions ? `${Math.round((100 * insights.answered) / insights.questions)} %` : "–";
  const values: [string, string][] = [
    ["Conversations", number(insights.conversations)],
    ["Questions", number(insights.questions)],
    ["Answered", share],
    ["Helpful", number(insights.thumbs_up)],
    ["Not helpful", number(insights.thumbs_down)],
  ];
  return el("dl", { class: "figures" }, ...values.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function shape(name: string, attributes: Record<string, string | number>): SVGElement {
  const it = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, String(value));
  return it;
}

function chart({ days }: Insights): HTMLElement {
  const total = days.reduce((sum, it) => sum + it.answered + it.unanswered, 0);
  if (!total) return card("Questions by day", empty("No questions yet", "Once visitors ask, their questions of the last 30 days are counted here."));
  const most = Math.max(...days.map((it) => it.answered + it.unanswered));
  const unanswered = days.reduce((sum, it) => sum + it.unanswered, 0);
  const label = `Questions of the last 30 days: ${number(total)}, of which ${number(unanswered)} were not answered. At most ${number(most)} a day.`;
  const drawing = shape("svg", { viewBox: `0 0 ${days.length * STEP} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart", preserveAspectRatio: "none" });
  days.forEach((day, at) => {
    const bar = (n: number, above: number, kind: string): void => {
      const height = (n / most) * (HEIGHT - 4);
      if (!n) return;
      const it = shape("rect", { x: at * STEP + 3, y: HEIGHT - above - height, width: STEP - 6, height, rx: 2, class: kind });
      const title = shape("title", {});
      title.textContent = `${day.day}: ${day.answered} answered, ${day.unanswered} not answered`;
      it.append(title);
      drawing.append(it);
    };
    bar(day.answered, 0, "answered");
    bar(day.unanswered, (day.answered / most) * (HEIGHT - 4), "unanswered");
  });
  const legend = el("p", { class: "legend" }, el("span", { class: "answered" }, "Answered"), el("span", { class: "unanswered" }, "Not answered"));
  const ends = el("p", { class: "row between muted" }, el("span", {}, new Date(days[0]!.day).toLocaleDateString("en", { day: "numeric", month: "long", timeZone: "UTC" })), el("span", {}, "Today"));
  return card("Questions by day", legend, el("div", {}, drawing), ends);
}

function todo(widget: Widget, groups: Group[]): HTMLElement {
  if (!groups.length) return card("To answer", empty("Nothing is waiting", "Questions that the site does not answer will be listed here, so that you can answer them once for all."));
  const items = groups.slice(0, 5).map((it) =>
    el("li", { class: "row between" }, el("span", {}, it.questions[0]!, it.count > 1 && el("small", {}, plural(it.count, "time"))), may(widget, "editor") && el("a", { class: "btn", href: `#/w/${widget.id}/answers/${encodeURIComponent(it.questions[0]!)}`, "aria-label": `Answer: ${it.questions[0]}` }, "Answer")),
  );
  return card("To answer", el("ul", { class: "plain lined" }, ...items), groups.length > 5 && el("p", {}, el("a", { href: `#/w/${widget.id}/answers` }, `All ${groups.length}`)));
}

function popular(widget: Widget, insights: Insights): HTMLElement | null {
  if (!insights.asked.length) return null;
  const row = (name: string | Node, n: number): HTMLElement => el("li", { class: "row between" }, el("span", {}, name), el("span", { class: "muted" }, number(n)));
  return el(
    "div",
    { class: "pair" },
    card("Asked most", el("ul", { class: "plain lined" }, ...insights.asked.slice(0, 5).map((it) => row(it.question, it.count)))),
    card(
      "Cited most",
      insights.pages.length
        ? el("ul", { class: "plain lined" }, ...insights.pages.slice(0, 5).map((it) => row(el("a", { href: `#/w/${widget.id}/conversations/${encodeURIComponent(it.url)}`, title: it.url }, it.title || path(it.url)), it.count)))
        : el("p", { class: "muted" }, "No page has been cited yet."),
    ),
  );
}

function reading(widget: Widget, build: Record<string, any> | undefined): HTMLElement {
  if (!build) return card("Last reading", problem("There is no build of this widget."));
  const statistics: Record<string, number> = build.statistics ?? {};
  const tone = build.status === "completed" ? "good" : build.status === "failed" || build.status === "cancelled" ? "bad" : "busy";
  const facts: [string, Node | string][] = [
    ["State", tag(String(build.status).replace(/^./, (it) => it.toUpperCase()), tone)],
    ["Pages stored", number(statistics.stored_pages ?? widget.pages)],
    ["Pages failed", number(statistics.failed_scrapes ?? 0)],
    ["Finished", time(build.finished_at ?? widget.built_at)],
    ["Next reading", time(widget.next_read_at)],
  ];
  return card(
    "Last reading",
    el("dl", { class: "facts" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("p", { class: "row" }, el("a", { href: `#/w/${widget.id}/knowledge` }, "Pages"), el("a", { href: `#/w/${widget.id}/settings` }, "Schedule"), el("a", { href: `/?build=${widget.build_id}` }, "The build, step by step")),
  );
}
