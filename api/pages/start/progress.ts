// What a build's events say so far: phases, counters, failures. Nothing here is estimated.

import type { BuildEvent } from "./following";

export interface Phase {
  name: string;
  state: "waiting" | "running" | "done" | "failed";
  note: string;
  /** Milliseconds by the server's clock. */
  began?: number;
  ended?: number;
}

type PhaseKey = "look" | "find" | "learn" | "ready";

const SKIPPED: Record<string, string> = {
  robots: "forbidden by robots.txt",
  duplicate: "the same page again",
  not_html: "not an HTML page",
};

export class Progress {
  readonly phases: Record<PhaseKey, Phase> = {
    look: { name: "Learn the look", state: "waiting", note: "" },
    find: { name: "Find the pages", state: "waiting", note: "" },
    learn: { name: "Read and learn them", state: "waiting", note: "" },
    ready: { name: "Answer the first questions", state: "waiting", note: "" },
  };
  readonly counters = { found: 0, read: 0, stored: 0, failed: 0, skipped: 0 };
  readonly failures: { message: string; cause: string }[] = [];
  skipped: Record<string, number> = {};
  /** What its document says of the site, until the theme is there. */
  site?: { name: string; favicon_url: string | null };
  theme?: Record<string, any>;
  widgetId = "";
  url = "";
  isReady = false;
  /** Whether it had knowledge before this build. */
  knewBefore = false;
  last?: BuildEvent;
  /** How it ended: `builder_completed`, `builder_failed` or `builder_cancelled`. */
  end?: BuildEvent;

  /** Takes in the next event. */
  take(event: BuildEvent): void {
    const { type, data, detail = "" } = event;
    const at = Date.parse(event.at);
    this.last = event;
    switch (type) {
      case "builder_started":
        this.widgetId = data.widget_id;
        this.url = data.url;
        this.begin("ready", at);
        break;
      case "theme_generation_started":
        this.begin("look", at);
        break;
      case "theme_generation_completed":
        this.theme = data.theme;
        this.finish("look", at, event.message);
        break;
      case "theme_generation_failed":
        this.theme = data.theme;
        this.finish("look", at, detail ? `${event.message}: ${detail}` : event.message);
        break;
      case "url_extraction_started":
        this.begin("find", at);
        break;
      case "url_extraction_progress":
        this.site = data.site ?? this.site;
        break;
      case "url_extraction_completed":
        this.finish("find", at, event.message);
        break;
      case "parallel_processing_started":
        this.begin("learn", at);
        break;
      case "parallel_processing_completed":
        this.finish("learn", at, event.message);
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

  /** The widget had knowledge before this build, and answers from it until the new is complete. */
  answersAlready(): void {
    if (this.isReady) return;
    this.isReady = this.knewBefore = true;
    const { ready } = this.phases;
    Object.assign(ready, { state: "done", ended: ready.began, note: "From what it knew before, until the new is complete" });
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

  /** Why pages were left out, most first. */
  get reasons(): string[] {
    return Object.entries(this.skipped)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n} × ${SKIPPED[reason] ?? reason.replaceAll("_", " ")}`);
  }

  private begin(key: PhaseKey, at: number): void {
    const phase = this.phases[key];
    // A build that goes on after a break tells its beginnings again.
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
