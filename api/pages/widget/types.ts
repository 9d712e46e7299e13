// What loader and panel tell each other, and what the service tells them.

/** CSS variables (`--aw-…`) of one scheme. */
export type Tokens = Record<string, string>;

export interface Theme {
  name?: string;
  monogram?: string;
  greeting?: string;
  /** `auto` follows the visitor's preference. */
  scheme?: string;
  tokens?: Record<string, Tokens>;
}

/** `GET /api/public/widgets/{id}`. */
export interface Config {
  id: string;
  name: string;
  greeting?: string;
  locale?: string;
  /** `ready`, or `building` while it knows nothing yet. */
  state: string;
  suggested_questions?: string[];
  /** Tag of the logo the service keeps, if it keeps one. */
  logo?: string | null;
  theme: Theme;
}

export type EventName =
  | "ready"
  | "open"
  | "close"
  | "message"
  | "answer"
  | "citation_click"
  | "feedback"
  | "error";

export interface Context {
  config: Config;
  locale: string;
  /** Where the service is, with a trailing slash. */
  base: string;
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  emit(type: EventName, detail?: unknown): void;
}

/** What the loader asks of the panel. A loader may be older than its panel: nothing here changes its meaning. */
export interface Panel {
  readonly isOpen: boolean;
  open(options?: { focus?: boolean }): void;
  close(): void;
  ask(question: string): void;
  /** Shows the configuration or locale anew, keeping the conversation. */
  refresh(): void;
  destroy(): void;
}
