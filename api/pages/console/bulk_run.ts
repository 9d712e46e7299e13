// A run of many builds, of new widgets or of known ones: starts each as the service has places, and looks how they get on.
//
// It belongs to the tab, not to a page: it goes on while one looks at other pages of the console, and after a reload.

import { followBuild, rebuild, RequestFailed, startBuild } from "../start/following";
import { grants } from "./rights";
import { call, Failed, isKept, signIn } from "./session";
import type { Widget } from "./types";
import { loadWidget } from "./widgets";

const KEY = "ai-widget-adding";
const STARTERS = 2;
const LOOKS_AT_ONCE = 3;
const LOOK_MS = 2_000;
const PAUSE_S = 15;
const UNFINISHED = new Set(["pending", "running"]);

/** One site, and its build once it is started. */
export interface Entry {
  url: string;
  /** Whether it has a widget, whose site is read again. */
  isKnown: boolean;
  /** The workspace that the widget is added to; empty: it has a token of its own. */
  workspace: string;
  state: "waiting" | "starting" | "building" | "ready" | "failed" | "stopped";
  widgetId?: string;
  buildId?: string;
  /** Pages stored, once it is built. */
  pages?: number;
  /** Why it failed. */
  cause?: string;
}

interface Build {
  status: string;
  error: string | null;
  statistics: Record<string, number> | null;
}

export class BulkRun extends EventTarget {
  /** Time at which starting goes on, while the service takes no more builds. */
  resumesAt = 0;
  private isWorking = false;

  constructor(readonly entries: Entry[]) {
    super();
  }

  count(...states: Entry["state"][]): number {
    return this.entries.filter((it) => states.includes(it.state)).length;
  }

  get isOver(): boolean {
    return !this.count("waiting", "starting", "building");
  }

  /** Starts no more of those that wait. */
  stop(): void {
    for (const it of this.entries) if (it.state === "waiting") it.state = "stopped";
    this.changed();
  }

  /** Starts and follows all; does nothing while it is at it. */
  async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    this.changed();
    while (!this.isOver) await Promise.all([this.look(), ...Array.from({ length: STARTERS }, () => this.start())]);
    this.isWorking = false;
    this.changed();
  }

  private async start(): Promise<void> {
    for (let next = this.next(); next; next = this.next()) {
      next.state = "starting";
      try {
        await this.startOne(next);
      } catch (error) {
        if (!(error instanceof RequestFailed || error instanceof Failed)) throw error;
        await this.takeFailure(next, error);
      }
      this.changed();
    }
  }

  private next(): Entry | undefined {
    return this.entries.find((it) => it.state === "waiting");
  }

  /** Starts a build and leaves its stream: a browser keeps only six connections, and the build goes on without. */
  private async startOne(entry: Entry): Promise<void> {
    const events = entry.isKnown ? await again(entry.widgetId!) : startBuild({ url: entry.url }, await tokenOf(entry.workspace));
    const { value } = await events.next();
    void events.return(undefined);
    if (!value) throw new RequestFailed("The service did not start the build. Try again.", 0);
    if (value.data.owner_token) signIn(value.data.owner_token, isKept());
    Object.assign(entry, { state: "building", widgetId: value.data.widget_id, buildId: value.build_id });
  }

  private async takeFailure(entry: Entry, { status, message, retryAfter }: RequestFailed | Failed): Promise<void> {
    if (status !== 429 && status !== 503 && status !== 0) {
      Object.assign(entry, { state: "failed", cause: message });
      return;
    }
    // No place at the moment, or no connection: it keeps its turn.
    entry.state = "waiting";
    const pause = retryAfter || PAUSE_S;
    this.resumesAt = Date.now() + pause * 1_000;
    this.changed();
    await sleep(pause * 1_000);
    this.resumesAt = 0;
  }

  /** Asks for the state of the unfinished builds again and again. */
  private async look(): Promise<void> {
    do {
      await sleep(LOOK_MS);
      const unfinished = this.entries.filter((it) => it.state === "building");
      await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, () => this.lookAt(unfinished)));
      this.changed();
    } while (this.count("building"));
  }

  private async lookAt(unfinished: Entry[]): Promise<void> {
    for (let next = unfinished.shift(); next; next = unfinished.shift()) {
      try {
        const { status, error, statistics } = await call<Build>(`/api/public/ai-widget-builder/${next.buildId}`, "");
        if (UNFINISHED.has(status)) continue;
        if (status === "completed") Object.assign(next, { state: "ready", pages: statistics?.stored_pages ?? 0 });
        else Object.assign(next, { state: "failed", cause: error ?? (await lastWord(next.buildId!)) });
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        // A lost connection or a restart passes; a deleted widget has no build.
        if (error.status === 404) Object.assign(next, { state: "failed", cause: "The widget has been deleted." });
      }
    }
  }

  private changed(): void {
    if (this.isOver) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(this.entries));
    this.dispatchEvent(new Event("change"));
  }
}

/** The member's token of the workspace. */
async function tokenOf(workspace: string): Promise<string> {
  if (!workspace) return "";
  const found = (await grants()).find((it) => it.workspace?.id === workspace);
  if (!found) throw new RequestFailed("You are no longer signed in to the workspace. Sign in with a member's token and add this one again.", 403);
  return found.token;
}

async function again(widgetId: string): ReturnType<typeof rebuild> {
  const widget = await loadWidget(widgetId);
  if (!widget) throw new RequestFailed("None of your tokens opens this widget any more.", 403);
  return rebuild(widgetId, widget.token);
}

/** Why the build ended, by its last event. */
async function lastWord(buildId: string): Promise<string> {
  let last = "";
  for await (const { detail, message } of followBuild(buildId)) last = detail ?? message;
  return last;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let current = restored();

/** The run that was left by a reload of the tab. A start that it interrupted is made again, which joins the build. */
function restored(): BulkRun | undefined {
  const kept = sessionStorage.getItem(KEY);
  if (!kept) return undefined;
  const entries = JSON.parse(kept) as Entry[];
  return new BulkRun(entries.map((it) => (it.state === "starting" ? { ...it, state: "waiting" } : it)));
}

/** The tab's run, finished or not. */
export function currentRun(): BulkRun | undefined {
  if (current && !current.isOver) void current.work();
  return current;
}

/** Builds widgets for the addresses, in the run that is not over or in a new one. */
export function buildAll(urls: string[], workspace: string): void {
  add(urls.map((url) => ({ url, workspace, isKnown: false, state: "waiting" })));
}

/** Reads the widgets' sites again, likewise. */
export function readAgain(widgets: Widget[]): void {
  add(widgets.map((it) => ({ url: it.site_url, workspace: "", isKnown: true, widgetId: it.id, state: "waiting" })));
}

function add(entries: Entry[]): void {
  if (current && !current.isOver) current.entries.push(...entries);
  else current = new BulkRun(entries);
  void current.work();
}

/** Forgets the run: whoever signs in next does not go on with it. */
export function dropRun(): void {
  current?.stop();
  current = undefined;
  sessionStorage.removeItem(KEY);
}

addEventListener("beforeunload", (event) => {
  if (current?.count("waiting", "starting")) event.preventDefault();
});
