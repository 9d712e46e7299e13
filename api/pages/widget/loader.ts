// The loader, the only script a customer's page loads at first: the chat button, and the code that loads the panel.

import css from "./loader.css";
import { themeRules } from "./theme";
import type { Config, Context, EventName, Panel, Theme } from "./types";

type Listener = (event: CustomEvent) => void;

/** "Chat" is the word in most languages. */
const CHAT: Record<string, string> = { ar: "محادثة", he: "צ׳אט", ja: "チャット" };
const CHILDREN = { childList: true };
const SVG = "http://www.w3.org/2000/svg";
const BUBBLE = "M20 11.5a8 8 0 0 1-11.6 7.1L4 20l1.4-4.4A8 8 0 1 1 20 11.5ZM8 11.5h.01m4 0h.01m4 0h.01";

const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
const base = new URL(".", (script as HTMLScriptElement).src).href;
const EVENT = "ai-widget:";
let context: Context | undefined;
let host: HTMLElement | undefined;
let sheet: CSSStyleSheet;
let panel: Panel | undefined;
let loading: Promise<Panel | undefined> | undefined;
let attempts = 0;
/** Typed since the click that opens the panel for the first time. */
let typed: string | undefined;
let settle: () => void;
const ready = new Promise<void>((resolve) => (settle = resolve));
/** Returns to a page that keeps removing the widget. */
let returns = 50;

function logError(problem: unknown): void {
  try {
    console.error(`[ai-widget] ${problem}`);
  } catch {
    // The page's own console.
  }
}

/** `fetch`; the browser's own, from a frame, if the page's wrapper of it fails or answers oddly. */
const request: typeof fetch = async (...args) => {
  try {
    const answer = await fetch(...args);
    if (answer.headers && !answer.bodyUsed) return answer;
  } catch {
    // The page's wrapper failed, or the network.
  }
  const frame = document.createElement("iframe");
  frame.hidden = true;
  // It stays: its request ends with it.
  document.documentElement.append(frame);
  return frame.contentWindow!.fetch(...args);
};

function emit(type: EventName, detail?: unknown): void {
  dispatchEvent(new CustomEvent(EVENT + type, { detail }));
}

function show(): void {
  const { launcher, config } = context!;
  const locale = (context!.locale = host!.getAttribute("locale") || config.locale || document.documentElement.lang || "en");
  sheet.replaceSync(css + themeRules(config.theme));
  launcher.ariaLabel = `${CHAT[locale.slice(0, 2)] ?? "Chat"}: ${config.name}`;
  host!.dir = /^(ar|he|fa|ur)/.test(locale) ? "rtl" : "ltr";
  host!.lang = locale;
}

function load(): Promise<Panel | undefined> {
  const { launcher } = context!;
  // Browsers may cache a failed import by its URL: a retry needs another URL.
  if (!loading) launcher.ariaBusy = "true";
  loading ??= import(`${base}widget/${PANEL_FILE}${attempts++ ? `?${attempts}` : ""}`)
    .then(({ mount }: typeof import("./panel")) => (panel = mount(context!)))
    .catch((error: unknown) => {
      loading = undefined;
      logError(`not loaded: ${error}`);
      emit("error", { code: "load_failed" });
      return undefined;
    })
    .finally(() => (launcher.ariaBusy = null));
  return loading;
}

async function withPanel(use: (panel: Panel) => void): Promise<void> {
  await ready;
  const loaded = context && (await load());
  if (loaded) use(loaded);
}

const toggle = (): Promise<void> => withPanel((it) => (it.isOpen ? it.close() : it.open()));

async function change(apply: (context: Context) => unknown): Promise<void> {
  await ready;
  if (context) await apply(context);
  // The widget may have been destroyed in the meantime.
  if (!context) return;
  show();
  panel?.refresh();
}

function makeLauncher(): HTMLButtonElement {
  const launcher = document.createElement("button");
  const icon = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  launcher.className = "launcher";
  launcher.ariaHasPopup = "dialog";
  launcher.ariaExpanded = "false";
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.ariaHidden = "true";
  path.setAttribute("d", BUBBLE);
  icon.append(path);
  launcher.append(icon);
  launcher.onpointerenter = launcher.onfocus = load;
  launcher.onclick = () => {
    if (panel) return toggle();
    // Safari leaves the focus where it was.
    launcher.focus();
    typed ??= "";
    return withPanel((it) => it.open({ typed }));
  };
  // The panel is loading: what is typed is no shortcut of the page's, nor is a space a click.
  launcher.onkeydown = (event) => {
    if (panel || typed == null || event.key[1] || event.ctrlKey || event.metaKey) return;
    typed += event.key;
    event.preventDefault();
  };
  return launcher;
}

async function read(id: string): Promise<Config> {
  const answer = await request(`${base}api/public/widgets/${encodeURIComponent(id)}`);
  if (!answer.ok) throw `widget "${id}": ${answer.status - 404 ? answer.status : "not found"}`;
  return answer.json();
}

async function start(element: HTMLElement): Promise<void> {
  host = element;
  const id = element.getAttribute("widget") ?? "";
  const config = await read(id);
  const root = element.attachShadow({ mode: "closed" });
  const launcher = makeLauncher();
  context = { config, locale: "", base, root, launcher, emit, request };
  sheet = new CSSStyleSheet();
  root.adoptedStyleSheets = [sheet];
  show();
  root.append(launcher);
  settle();
  emit("ready");
  try {
    // Reopen a chat that was open on the previous page of this tab; not on a phone, where it hides the page.
    if (innerWidth > 640 && sessionStorage[`ai-widget-open:${id}`]) void withPanel((it) => it.open({ focus: false }));
  } catch {
    // Storage is forbidden here.
  }
}

class WidgetElement extends HTMLElement {
  connectedCallback(): void {
    // A copy, from a cache of pages: the first one has the conversation.
    if (host) host.isConnected || this.replaceWith(host);
    else start(this).catch((problem: unknown) => logError(`${problem}; no chat is shown`));
  }
}

const api = {
  open: (options?: { focus?: boolean }) => withPanel((it) => it.open(options)),
  close: () => panel?.close(),
  toggle,
  ask: (question: string) => withPanel((it) => it.ask(question)),
  setTheme: (wanted: Theme & { primary?: string }) =>
    change(async () => (await load())?.restyle(wanted)),
  setLocale: (locale: string) => change(() => host!.setAttribute("locale", locale)),
  /** Loads and shows the current configuration. */
  refresh: () => change(async (it) => (it.config = await read(it.config.id))).catch(logError),
  on(type: EventName, listener: Listener): void {
    addEventListener(EVENT + type, listener as EventListener);
    if (type === "ready" && context) listener(new CustomEvent(type));
  },
  off: (type: EventName, listener: Listener) => removeEventListener(EVENT + type, listener as EventListener),
  destroy(): void {
    panel?.destroy();
    host?.remove();
    panel = loading = host = context = typed = undefined;
  },
};

function place(): void {
  const { dataset } = script as HTMLElement;
  const element = document.createElement("ai-widget");
  for (const name in dataset) element.setAttribute(name, dataset[name]!);
  // Not in the body, which pages replace, move, scale and filter.
  if (dataset.widget) document.documentElement.append(element);
  stay();
}

/** Brings the widget back if the page replaces the document. */
function stay(): void {
  const html = document.documentElement;
  if (!host || !html) return;
  watcher.observe(html, CHILDREN);
  if (!host.isConnected && returns-- > 0) {
    html.append(host);
    panel?.returned();
  }
}

const watcher = new MutationObserver(stay);

if ("AIWidget" in window) {
  // A page that replaces its body runs the same script again.
  if (document.querySelectorAll('script[src*="/widget.js"]')[1]) logError("widget.js is loaded twice");
} else {
  watcher.observe(document, CHILDREN);
  Object.assign(window, { AIWidget: api });
  customElements.define("ai-widget", WidgetElement);
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
}
