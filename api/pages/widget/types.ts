// Types shared by loader and panel, and the types of the service's responses.

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
  /** `ready`; without knowledge `building`, or `failed` if the site could not be read. */
  state: string;
  suggested_questions?: string[];
  /** Tag of the stored logo, if there is one. */
  logo?: string | null;
  /** The form for e-mail addresses, with the text to agree to; null or absent: there is no form. */
  contact?: { consent: string | null } | null;
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
  /** The service's base URL, with a trailing slash. */
  base: string;
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  emit(type: EventName, detail?: unknown): void;
  /** `fetch`, whatever the page has made of it; absent in older loaders. */
  request?: typeof fetch;
}

/** The panel's interface for the loader. A loader may be older than its panel: nothing here may change meaning. */
export interface Panel {
  readonly isOpen: boolean;
  /** `typed`: text that the visitor has typed meanwhile. */
  open(options?: { focus?: boolean; typed?: string }): void;
  close(): void;
  ask(question: string): void;
  /** Applies a changed configuration or locale, keeping the conversation. */
  refresh(): void;
  /** Changes the configuration's theme as a page's script wants it. */
  restyle(wanted: Theme & { primary?: string }): Promise<void>;
  /** Goes on after the page was replaced around the widget. */
  returned(): void;
  destroy(): void;
}
