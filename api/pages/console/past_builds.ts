// Past readings of the site: how each ended, and which pages failed or were skipped, and why.

import { el } from "../widget/dom";
import { card, fill, number, paging, path, plural, tag, time, type Tone } from "./parts";
import { call } from "./session";
import type { PageCause, PastBuild, Widget } from "./types";

const SHOWN = 5;
const TONES: Record<string, Tone> = { completed: "good", failed: "bad", cancelled: "bad" };
const REASONS: Record<string, string> = { robots: "Disallowed by robots.txt", duplicate: "Same content as another page", not_html: "Not an HTML page", off_site: "Leads to another site", trap: "May have no end" };
/** Figures of a build, by their names in its statistics. */
const FIGURES: [name: string, label: string][] = [
  ["total_urls", "Found"],
  ["scraped_pages", "Read"],
  ["stored_pages", "Stored"],
  ["failed_scrapes", "Failed to read"],
  ["failed_embeddings", "Failed to embed"],
  ["failed_stores", "Failed to store"],
];

/** The list of readings; each opens to its figures and causes. */
export function pastBuildsCard(widget: Widget): HTMLElement {
  const place = el("div", { class: "stack" });
  const show = (offset: number): void =>
    void fill(place, async () => {
      const { builds, total } = await call<{ builds: PastBuild[]; total: number }>(`/api/widgets/${widget.id}/builds?limit=${SHOWN}&offset=${offset}`, widget.token);
      return [el("ul", { class: "plain lined" }, ...builds.map((it) => el("li", {}, pastBuild(widget, it)))), paging(offset, SHOWN, total, show)];
    });
  show(0);
  return card("Readings", place);
}

function pastBuild(widget: Widget, build: PastBuild): HTMLElement {
  const { status, statistics, error, is_answering } = build;
  const failed = (statistics.failed_scrapes ?? 0) + (statistics.failed_embeddings ?? 0) + (statistics.failed_stores ?? 0);
  const pages = statistics.stored_pages === undefined ? "" : plural(statistics.stored_pages, "page");
  const inside = el("div", { class: "stack" });
  const details = el(
    "details",
    { class: "reading" },
    el(
      "summary",
      {},
      tag(status.replace(/^./, (it) => it.toUpperCase()), TONES[status] ?? "busy"),
      " ",
      time(build.finished_at ?? build.started_at ?? build.created_at),
      el("small", {}, [pages, failed ? `${number(failed)} failed` : "", is_answering ? "answers come from it" : ""].filter(Boolean).join(" · ")),
    ),
    error ? el("p", {}, error) : null,
    inside,
  );
  const open = (): void =>
    void fill(inside, async () => {
      const { causes } = await call<{ causes: PageCause[] }>(`/api/widgets/${widget.id}/builds/${build.build_id}`, widget.token);
      return [figures(build), ...causesOf(build, causes)];
    });
  details.addEventListener("toggle", open, { once: true });
  return details;
}

function figures({ statistics, started_at, finished_at }: PastBuild): HTMLElement | null {
  const shown: [string, string][] = FIGURES.filter(([name], at) => statistics[name] || (at < 3 && statistics[name] !== undefined)).map(([name, label]) => [label, number(statistics[name]!)]);
  if (started_at && finished_at) shown.push(["Seconds", number(Math.round((Date.parse(finished_at) - Date.parse(started_at)) / 1000))]);
  return shown.length ? el("dl", { class: "facts" }, ...shown.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))) : null;
}

function causesOf({ statistics }: PastBuild, causes: PageCause[]): (HTMLElement | null)[] {
  if (causes.length) return [group("Failed pages", "failed", causes), group("Skipped pages", "skipped", causes)];
  const counted = Object.entries((statistics as Record<string, any>).skipped ?? {}) as [string, number][];
  // Housekeeping deletes the pages of old readings; their number by reason stays.
  if (!counted.length) return [el("p", { class: "muted" }, "No page failed or was skipped.")];
  return [el("p", {}, `Skipped: ${counted.map(([reason, n]) => `${number(n)} × ${wording(reason)}`).join(", ")}.`)];
}

function group(title: string, status: string, causes: PageCause[]): HTMLElement | null {
  const mine = causes.filter((it) => it.status === status);
  if (!mine.length) return null;
  const rows = mine.map(({ cause, count, urls }) =>
    el(
      "li",
      {},
      el("b", {}, wording(cause)),
      ` (${plural(count, "page")})`,
      el("ul", { class: "addresses" }, ...urls.map((it) => el("li", {}, el("a", { href: it, rel: "noreferrer", target: "_blank" }, path(it)))), count > urls.length && el("li", { class: "muted" }, `and ${number(count - urls.length)} more`)),
    ),
  );
  return el("section", {}, el("h3", {}, title), el("ul", { class: "plain" }, ...rows));
}

function wording(cause: string): string {
  const [reason, more] = cause.split(/: (.*)/s);
  const known = REASONS[reason!];
  return known ? (more ? `${known} (${more})` : known) : (cause || "No cause recorded").replaceAll("_", " ");
}
