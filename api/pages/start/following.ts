// A build's events: from the request that starts it, or followed again after a lost connection or a reload.

import { readEvents } from "../widget/sse";

const BUILDS = "/api/public/ai-widget-builder";
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

/** A failed request: the error's message, the HTTP status (0: no response), and the seconds after which to try again. */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

async function request(path: string, options: RequestInit = {}): Promise<ReadableStream<Uint8Array> | null> {
  const answer = await fetch(path, options).catch(() => {
    throw new RequestFailed("The service cannot be reached. Check your connection and try again.", 0);
  });
  if (answer.ok) return answer.status === 204 ? null : answer.body;
  const problem = await answer.json().catch(() => undefined);
  throw new RequestFailed(problem?.error?.message ?? `The service failed with status ${answer.status}. Try again later.`, answer.status, Number(answer.headers.get("Retry-After")) || 0);
}

/** The events of a new build; with a member's token, of a widget of the workspace. Throws `RequestFailed` if it cannot start. */
export async function* startBuild(asked: object, token = ""): AsyncGenerator<BuildEvent> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  const stream = await request(BUILDS, {
    method: "POST",
    headers,
    body: JSON.stringify(asked),
  });
  yield* followStream(stream, undefined);
}

/** The events of a rebuild of the widget. Throws `RequestFailed`, before the first event, if the build cannot start. */
export async function rebuild(widgetId: string, token: string): Promise<AsyncGenerator<BuildEvent>> {
  const headers = { Authorization: `Bearer ${token}` };
  const stream = await request(`/api/widgets/${encodeURIComponent(widgetId)}/recrawl`, { method: "POST", headers });
  return followStream(stream, undefined);
}

/** Cancels a build of the token's widget; its stream ends with `builder_cancelled`. Throws `RequestFailed` on an error. */
export async function cancelBuild(buildId: string, token: string): Promise<void> {
  await request(`${BUILDS}/${buildId}`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
}

/** Deletes a widget. Throws `RequestFailed` on an error. */
export async function deleteWidget(widgetId: string, token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  await request(`/api/widgets/${encodeURIComponent(widgetId)}`, { method: "DELETE", headers });
}

/** The events of an existing build, from the first. Throws `RequestFailed` if there is no such build. */
export async function* followBuild(buildId: string): AsyncGenerator<BuildEvent> {
  yield* followStream(await request(`${BUILDS}/${buildId}/events`), buildId);
}

/** All events up to the terminal one, each once; a lost stream is reopened after the last event received. */
async function* followStream(
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
    if (!buildId) throw new RequestFailed("The connection was lost before the build started. Try again.", 0);
    stream = await reconnect(buildId, seen);
    if (!stream) return;
  }
}

async function reconnect(buildId: string, seen: number): Promise<ReadableStream<Uint8Array> | null> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    try {
      return await request(`${BUILDS}/${buildId}/events`, { headers: { "Last-Event-ID": String(seen) } });
    } catch (error) {
      // An unreachable or failing service may recover; a 4xx (unknown build) will not.
      if (error instanceof RequestFailed && error.status >= 400 && error.status < 500) throw error;
    }
  }
}
