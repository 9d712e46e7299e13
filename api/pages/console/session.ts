// The session: the tokens one has signed in with, and requests with them.

const KEY = "ai-widget-console";
const OWNER = "ai-widget-owner:";

/** A failed request: its message for people, the field it is about, and the HTTP status (0: no response). */
export class Failed extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly field = "",
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

/** The message of a failed request; other errors are thrown on. */
export function messageOf(error: unknown): string {
  if (error instanceof Failed) return error.message;
  throw error;
}

function read(store: Storage): string[] {
  try {
    const found: unknown = JSON.parse(store.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((it) => typeof it === "string") : [];
  } catch {
    return [];
  }
}

/** The tokens signed in with; kept in this tab, or in this browser. */
export function tokens(): string[] {
  return [...new Set([...read(sessionStorage), ...read(localStorage)])];
}

/** Tokens of widgets that were built in this browser. */
export function builtHere(): string[] {
  const keys = Object.keys(localStorage).filter((it) => it.startsWith(OWNER));
  return [...new Set(keys.map((it) => localStorage.getItem(it)!).filter(Boolean))];
}

export function signIn(token: string, stays: boolean): void {
  const store = stays ? localStorage : sessionStorage;
  store.setItem(KEY, JSON.stringify([...new Set([...read(store), token])]));
}

/** Whether the session outlives this tab. */
export function isKept(): boolean {
  return read(localStorage).length > 0;
}

/** Forgets a token that opens nothing any more. */
export function forget(token: string): void {
  for (const store of [sessionStorage, localStorage]) {
    store.setItem(KEY, JSON.stringify(read(store).filter((it) => it !== token)));
  }
}

/** Forgets all tokens, those of widgets built here too: whoever uses this browser next finds nothing. */
export function signOut(): void {
  for (const store of [sessionStorage, localStorage]) store.removeItem(KEY);
  for (const key of Object.keys(localStorage)) if (key.startsWith(OWNER)) localStorage.removeItem(key);
}

export interface Asked {
  method?: string;
  body?: object;
  /** Sent as it is, in place of a body of JSON. */
  file?: Blob;
  accept?: string;
}

async function send(path: string, token: string, { method = "GET", body, file, accept }: Asked): Promise<Response> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  // Not the file's own type: a file of JSON is no request in JSON.
  if (file) headers["Content-Type"] = "application/octet-stream";
  if (accept) headers["Accept"] = accept;
  const answer = await fetch(path, { method, headers, body: file ?? (body && JSON.stringify(body)) }).catch(() => {
    throw new Failed("The service cannot be reached. Check your connection and try again.", 0);
  });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => undefined))?.error;
  throw new Failed(
    problem?.message ?? `The service failed with status ${answer.status}. Try again later.`,
    answer.status,
    problem?.field ?? "",
    Number(answer.headers.get("Retry-After")) || 0,
  );
}

/** The JSON of a response; undefined for one without content. */
export async function call<T>(path: string, token: string, asked: Asked = {}): Promise<T> {
  const answer = await send(path, token, asked);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** A response as a file's content. */
export async function download(path: string, token: string, accept: string): Promise<Blob> {
  return (await send(path, token, { accept })).blob();
}
