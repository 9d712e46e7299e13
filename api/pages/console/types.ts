// The service's responses, as far as the console reads them.

import type { Role } from "./rights";

export interface Widget {
  id: string;
  name: string;
  site_url: string;
  state: "ready" | "building" | "failed";
  pages: number;
  created_at: string;
  built_at: string | null;
  next_read_at: string | null;
  build_id: string | null;
  build_status: string | null;
  build_error: string | null;
  /** Whether the latest build is complete, and not published for what it lacks. */
  build_held: boolean;
  questions: number;
  unanswered: number;
  workspace_id: string | null;
  /** The token that opens it. */
  token: string;
  /** The token's role in it. */
  role: Role;
}

export interface Workspace {
  id: string;
  name: string;
  limits: { widgets: number | null; pages: number | null; answers_a_month: number | null };
  usage: { widgets: number; pages: number; answers_this_month: number };
  /** The token that opens it. */
  token: string;
  /** The token's role in it. */
  role: Role;
}

export interface Member {
  id: string;
  name: string;
  role: Role;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface Source {
  id: string;
  kind: string;
  title: string;
  url: string;
  /** Null until it is stored for the present embedding model. */
  tokens: number | null;
  page_id: string | null;
  added_at: string;
}

export interface SourceText extends Source {
  text: string;
  link: string | null;
}

export interface PastBuild {
  build_id: string;
  status: string;
  error: string | null;
  url: string;
  statistics: Record<string, number>;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  is_answering: boolean | null;
}

/** Pages of a build that were not used, by cause. */
export interface PageCause {
  status: "failed" | "skipped";
  cause: string;
  count: number;
  urls: string[];
}

export interface Schedule {
  cron?: string;
  interval_s?: number;
  timezone: string;
  jitter_s: number;
  active: boolean;
}

/** Pictures found on the site that may be its logo, and the one that visitors see. */
export interface Logos {
  logos: { tag: string; found: string; picture: string }[];
  shown: string | null;
  is_own: boolean;
}

export interface Details {
  found: Record<string, any> | null;
  chosen: Record<string, any>;
  theme: Record<string, any>;
  has_own_logo: boolean;
  rules: Record<string, any>;
  /** Absent while it cannot be read. */
  schedule?: Schedule | null;
  next_read_at?: string | null;
  [more: string]: any;
}

export interface Message {
  id: string;
  at: string;
  question: string;
  answer: string;
  answered: boolean;
  kind: string;
  citations: { n: number; url: string; title: string }[];
  rating: "up" | "down" | null;
  comment: string | null;
  matches: boolean;
}

export interface Transcript {
  id: string;
  started_at: string;
  messages: Message[];
}

export interface OwnAnswer {
  id: string;
  questions: string[];
  answer: string;
  link: string | null;
  valid_from: string | null;
  valid_until: string | null;
  paused: boolean;
  updated_at: string;
}

export interface Group {
  count: number;
  last_at: string;
  questions: string[];
}

export interface Lead {
  id: string;
  conversation_id: string;
  email: string;
  name: string;
  message: string;
  consent: string | null;
  created_at: string;
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  paused: boolean;
  /** Whether the holder of an e-mail address has agreed. */
  confirmed: boolean;
  waiting: number;
  dead: number;
}

export interface Delivery {
  id: string;
  event: string;
  body: string;
  status: string;
  attempts: number;
  created_at: string;
  due_at: string;
  error: string | null;
}

export interface SiteFact {
  id: string;
  kind: string;
  value: string;
  found: string;
  label: string;
  pages: string[];
  page_count: number;
  hidden: boolean;
  edited: boolean;
  conflicts_with: string[];
}

export interface KnownPage {
  id: string | null;
  url: string;
  title: string;
  state: string;
  cause: string | null;
  same_as: string | null;
  /** Whether a site is read from there. */
  is_start: boolean;
  method: string | null;
  tokens: number | null;
  read_at: string | null;
}

export interface Insights {
  conversations: number;
  questions: number;
  answered: number;
  unanswered: number;
  thumbs_up: number;
  thumbs_down: number;
  asked: { question: string; count: number }[];
  pages: { url: string; title: string; count: number }[];
  days: { day: string; answered: number; unanswered: number }[];
}
