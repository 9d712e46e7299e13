// Client of the chat route: posts a question and reads the answer's Server-Sent Events.

import { readEvents } from "./sse";

export interface Citation {
  n: number;
  url: string;
  title: string;
  heading?: string;
  text?: string;
  deep_link?: string;
}

/** Whether the visitor may want a person: `offered` after a refusal, `wanted` if the visitor asked for one. */
export type Contact = "offered" | "wanted";

export type ChatEvent =
  | { type: "token"; text: string }
  | { type: "citations"; citations: Citation[] }
  | { type: "done"; conversation_id?: string; message_id?: string; answered?: boolean; near?: boolean; suggestions?: string[]; contact?: Contact }
  | { type: "error"; code: string; message?: string; retry_after?: number };

/** Reason why a question has no answer: `offline`, `broken_off`, `rate_limited`, `gone`, `not_ready`, `unavailable`. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    /** Seconds until a retry may succeed. */
    readonly retryAfter = 0,
  ) {
    super(code);
  }
}

const SILENCE_MS = 60_000;
const BY_STATUS: Record<number, string> = { 404: "gone", 410: "gone", 429: "rate_limited" };
const BY_CODE: Record<string, string> = {
  answer_interrupted: "broken_off",
  answers_limit: "unavailable",
  not_found: "gone",
  rate_limited: "rate_limited",
  widget_building: "not_ready",
};

/** The events of an answer, up to `done`. Throws a `Failure` if there is no answer, also when aborted. */
export async function* ask(
  request: typeof fetch,
  address: string,
  body: object,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const stream = await post(request, address, body, signal);
  try {
    for await (const event of readEvents(stream, SILENCE_MS) as AsyncGenerator<ChatEvent>) {
      if (event.type === "error") throw failure(event.code, undefined, event.retry_after);
      yield event;
      if (event.type === "done") return;
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
  }
  throw new Failure("broken_off");
}

async function post(
  request: typeof fetch,
  address: string,
  body: object,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  let answer: Response;
  try {
    answer = await request(address, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal,
    });
  } catch {
    throw new Failure("offline");
  }
  if (answer.ok && answer.body) return answer.body;
  const problem = await answer.json().catch(() => undefined);
  throw failure(problem?.error?.code, BY_STATUS[answer.status], answer.headers.get("Retry-After"));
}

function failure(code: string, fallback = "unavailable", wait?: number | string | null): Failure {
  const known = BY_CODE[code] ?? fallback;
  return new Failure(known, known === "rate_limited" ? Math.max(1, Math.ceil(Number(wait)) || 1) : 0);
}
