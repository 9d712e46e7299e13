// A build's progress from its events: phases, counters, failures. Nothing here is estimated.

import type { BuildEvent } from "./following";

export interface Phase {
  name: string;
  state: "waiting" | "running" | "done" | "failed";
  note: string;
  /** Start, in milliseconds by the server's clock. */
  began?: number;
  ended?: number;
}

type PhaseKey = "theme" | "find" | "read" | "ready";

const SKIPPED: Record<string, string> = {
  robots: "disallowed by robots.txt",
  duplicate: "duplicates",
  not_html: "not HTML pages",
};

export class Progress {
  readonly phases: Record<PhaseKey, Phase> = {
    theme: { name: "Read the design", state: "waiting", note: "" },
    find: { name: "Find the pages", state: "waiting", note: "" },
    read: { name: "Read the pages", state: "waiting", note: "" },
    ready: { name: "Answer the first questions", state: "waiting", note: "" },
  };
  readonly counters = { found: 0, read: 0, stored: 0, failed: 0, skipped: 0 };
  readonly failures: { message: string; cause: string }[] = [];
  skipped: Record<string, number> = {};
  /** Name and icon from the start page's HTML, until the theme is known. */
  site?: { name: string; favicon_url: string | null };
  theme?: Record<string, any>;
  widgetId = "";
  url = "";
  isReady = false;
  /** Whether the widget had knowledge before this build. */
  knewBefore = false;
  last?: BuildEvent;
  /** The terminal event: `builder_completed`, `builder_failed` or `builder_cancelled`. */
  end?: BuildEvent;

  /** Updates the progress with the next event. */
  update(event: BuildEvent): void {
    const { type, data, detail = "" } = event;
    const at = Date.parse(event.at);
    this.last = event;
    switch (type) {
      case "builder_started":
        this.widgetId = data.widget_id;
        this.url = data.url;
        this.start("ready", at);
        break;
      case "theme_generation_started":
        this.start("theme", at);
        break;
      case "theme_generation_completed":
        this.theme = data.theme;
        this.finish("theme", at, event.message);
        break;
      case "theme_generation_failed":
        this.theme = data.theme;
        this.finish("theme", at, detail ? `${event.message}: ${detail}` : event.message);
        break;
      case "url_extraction_started":
        this.start("find", at);
        break;
      case "url_extraction_progress":
        this.site = data.site ?? this.site;
        break;
      case "url_extraction_completed":
        this.finish("find", at, event.message);
        break;
      case "parallel_processing_started":
        this.start("read", at);
        break;
      case "parallel_processing_completed":
        this.finish("read", at, event.message);
        break;
      case "widget_ready":
        this.isReady = true;
        this.finish("ready", at, "");
        break;
      case "builder_completed":
      case "builder_failed":
      case "builder_cancelled":
        this.conclude(event, at);
        break;
    }
    this.count(event);
  }

  /** Records that the widget had knowledge before this build; it answers from it until the new knowledge is complete. */
  setKnewBefore(): void {
    if (this.isReady) return;
    this.isReady = this.knewBefore = true;
    const { ready } = this.phases;
    Object.assign(ready, { state: "done", ended: ready.began, note: "From the previous build until this one is complete" });
  }

  private count({ type, data, message, detail }: BuildEvent): void {
    const { counters } = this;
    counters.found = data.total_urls ?? data.total ?? counters.found;
    if (type === "scraping_progress") counters.read = data.done;
    if (type === "storage_progress") counters.stored = data.done;
    if (/^(scraping|embedding|storage)_failed$/.test(type)) {
      counters.failed += 1;
      this.failures.push({ message, cause: detail ?? "" });
    }
    const statistics = type === "parallel_processing_completed" ? data : data.statistics;
    if (!statistics) return;
    counters.read = statistics.scraped_pages ?? counters.read;
    counters.stored = statistics.stored_pages ?? counters.stored;
    this.skipped = statistics.skipped ?? this.skipped;
    counters.skipped = Object.values(this.skipped).reduce((sum, n) => sum + n, 0);
  }

  /** Reasons why pages were skipped, most frequent first. */
  get reasons(): string[] {
    return Object.entries(this.skipped)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n} × ${SKIPPED[reason] ?? reason.replaceAll("_", " ")}`);
  }

  private start(key: PhaseKey, at: number): void {
    const phase = this.phases[key];
    // A build that was resumed sends its start events again.
    if (phase.state === "waiting") Object.assign(phase, { state: "running", began: at });
  }

  private finish(key: PhaseKey, at: number, note: string): void {
    const phase = this.phases[key];
    phase.began ??= at;
    Object.assign(phase, { state: "done", ended: at, note });
  }

  private conclude(event: BuildEvent, at: number): void {
    this.end = event;
    this.isReady ||= event.type === "builder_completed";
    for (const phase of Object.values(this.phases)) {
      if (phase.state !== "running") continue;
      phase.ended = at;
      phase.state = event.type === "builder_completed" ? "done" : "failed";
    }
  }
}
