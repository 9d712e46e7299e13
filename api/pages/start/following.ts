// A build's events, from whichever answer they come: started here, or followed again after a break or a reload.

import { readEvents } from "../widget/sse";

export const BUILDS = "/api/public/ai-widget-builder";
const SILENCE_MS = 45_000;
const PAUSE_MS = 1_000;
const TERMINAL = new Set(["builder_completed", "builder_failed", "builder_cancelled"]);

export interface BuildEvent {
  type: string;
  stage: string;
  message: string;
  detail?: string;
  data: Record<string, any>;
  seq: number;
  at: string;
  build_id: string;
}

/** What a request was refused with. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function open(path: string, options: RequestInit = {}): Promise<ReadableStream<Uint8Array> | null> {
  const answer = await fetch(path, options).catch(() => {
    throw new Refused("The service cannot be reached.", 0);
  });
  if (answer.ok) return answer.status === 204 ? null : answer.body;
  const problem = await answer.json().catch(() => undefined);
  throw new Refused(problem?.error?.message ?? `The service answers ${answer.status}.`, answer.status);
}

/** The events of a new build. Throws `Refused` if it is not begun. */
export async function* startBuild(asked: object): AsyncGenerator<BuildEvent> {
  const stream = await open(BUILDS, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(asked),
  });
  yield* following(stream, undefined);
}

/** The events of a build that reads a widget's site again. Throws `Refused`, before the first, if it is not begun. */
export async function rebuild(widgetId: string, token: string): Promise<AsyncGenerator<BuildEvent>> {
  const headers = { Authorization: `Bearer ${token}` };
  const stream = await open(`/api/widgets/${encodeURIComponent(widgetId)}/recrawl`, { method: "POST", headers });
  return following(stream, undefined);
}

/** Forgets a widget. Throws `Refused` if that is not possible. */
export async function deleteWidget(widgetId: string, token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  await open(`/api/widgets/${encodeURIComponent(widgetId)}`, { method: "DELETE", headers });
}

/** The events of a build that was begun before, from its first. Throws `Refused` if there is none. */
export async function* followBuild(buildId: string): AsyncGenerator<BuildEvent> {
  yield* following(await open(`${BUILDS}/${buildId}/events`), buildId);
}

/** All events up to the last, each once; a stream that breaks is asked for again after what was seen. */
async function* following(
  stream: ReadableStream<Uint8Array> | null,
  buildId: string | undefined,
): AsyncGenerator<BuildEvent> {
  let seen = 0;
  for (;;) {
    try {
      for await (const event of readEvents(stream!, SILENCE_MS) as AsyncGenerator<BuildEvent>) {
        if (event.seq <= seen) continue;
        seen = event.seq;
        buildId = event.build_id;
        yield event;
        if (TERMINAL.has(event.type)) return;
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    if (!buildId) throw new Refused("The connection broke before the build began.", 0);
    stream = await again(buildId, seen);
    if (!stream) return;
  }
}

async function again(buildId: string, seen: number): Promise<ReadableStream<Uint8Array> | null> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    try {
      return await open(`${BUILDS}/${buildId}/events`, { headers: { "Last-Event-ID": String(seen) } });
    } catch (error) {
      // Not reached, or not ready: later. A build that is unknown stays so.
      if (error instanceof Refused && error.status >= 400 && error.status < 500) throw error;
    }
  }
}
