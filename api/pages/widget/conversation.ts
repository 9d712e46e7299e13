// The conversation of this tab: kept across the pages of the site in session storage.

import { ask, type Citation, type Contact, Failure } from "./chat";

export interface Turn {
  question: string;
  answer: string;
  citations: Citation[];
  /** `failure` is set when `failed`. */
  status: "streaming" | "answered" | "near" | "not_found" | "stopped" | "failed";
  failure?: string;
  retryAfter?: number;
  messageId?: string;
  rating?: "up" | "down";
  suggestions?: string[];
  contact?: Contact;
}

/** Whether the site does not answer the question; `near`: a statement that comes near is quoted. */
export const isUnanswered = (turn: Turn) => turn.status === "near" || turn.status === "not_found";

const MAX_TURNS = 50;

export class Conversation {
  turns: Turn[] = [];
  private id?: string;
  private running?: AbortController;

  constructor(
    private readonly key: string,
    private readonly address: string,
    private readonly request: typeof fetch,
    private readonly changed: (turn: Turn) => void,
  ) {
    this.restore();
  }

  get isStreaming(): boolean {
    return this.running !== undefined;
  }

  /** Asks the question; the new turn, or the given one, changes until it is answered. */
  async ask(question: string, turn?: Turn): Promise<void> {
    this.stop();
    const asked: Turn = Object.assign(turn ?? ({} as Turn), {
      question,
      answer: "",
      citations: [],
      status: "streaming",
      failure: undefined,
      retryAfter: undefined,
      messageId: undefined,
      rating: undefined,
      suggestions: undefined,
      contact: undefined,
    });
    if (!turn) this.turns.push(asked);
    const running = (this.running = new AbortController());
    this.changed(asked);
    try {
      await this.receive(asked, running.signal);
    } catch (error) {
      asked.status = running.signal.aborted ? "stopped" : "failed";
      asked.failure = error instanceof Failure ? error.code : "broken_off";
      asked.retryAfter = error instanceof Failure ? error.retryAfter : 0;
    }
    if (this.running === running) this.running = undefined;
    this.save();
    this.changed(asked);
  }

  private async receive(turn: Turn, signal: AbortSignal): Promise<void> {
    const body = { message: turn.question, conversation_id: this.id };
    for await (const event of ask(this.request, `${this.address}/chat`, body, signal)) {
      if (event.type === "token") turn.answer += String(event.text);
      if (event.type === "citations") turn.citations = Array.isArray(event.citations) ? event.citations : [];
      if (event.type === "done") {
        this.id = event.conversation_id ?? this.id;
        turn.messageId = event.message_id;
        turn.suggestions = event.suggestions;
        turn.contact = event.contact;
        turn.status = event.answered !== false ? "answered" : event.near ? "near" : "not_found";
        return;
      }
      this.changed(turn);
    }
  }

  stop(): void {
    this.running?.abort();
    this.running = undefined;
  }

  /** Sends a rating and returns whether the service accepted it. */
  async rate(turn: Turn, rating: "up" | "down", comment?: string): Promise<boolean> {
    turn.rating = rating;
    this.save();
    return (await this.post("feedback", { message_id: turn.messageId, rating, comment }))?.ok ?? false;
  }

  /** Sends an e-mail address with the conversation, and returns whether the service has taken it. */
  async leave(values: object): Promise<boolean> {
    const answer = await this.post("leads", { ...values, conversation_id: this.id });
    if (!answer?.ok) return false;
    this.id = (await answer.json()).conversation_id;
    this.save();
    return true;
  }

  private post(path: string, body: object): Promise<Response | undefined> {
    const options = { method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } as const;
    return this.request(`${this.address}/${path}`, options).catch(() => undefined);
  }

  clear(): void {
    this.stop();
    this.turns = [];
    this.id = undefined;
    this.save();
  }

  /** Saves the conversation. If storage is full or forbidden, it lasts as long as the page. */
  save(): void {
    try {
      const turns = this.turns.slice(-MAX_TURNS);
      sessionStorage.setItem(this.key, JSON.stringify({ id: this.id, turns }));
    } catch {}
  }

  private restore(): void {
    try {
      const { id, turns } = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
      this.id = id;
      this.turns = Array.isArray(turns) ? turns : [];
    } catch {}
    for (const turn of this.turns) if (turn.status === "streaming") turn.status = "stopped";
  }
}
