// The console: the owner's pages, by the address after `#`.

import { el } from "../widget/dom";
import { bulkPage } from "./bulk_add";
import { currentRun, dropRun } from "./bulk_run";
import { button, type Child, problem } from "./parts";
import { mayBuild } from "./rights";
import { builtHere, messageOf, signOut, tokens } from "./session";
import { signInPage } from "./sign_in";
import { listPage } from "./widget_list";
import { widgetPage } from "./widget_page";
import { loadWidget } from "./widgets";
import { workspacesPage } from "./workspaces";

const root = document.querySelector<HTMLElement>("#console")!;

function go(to: string): void {
  if (location.hash === to) void show();
  else location.hash = to;
}

function leave(): void {
  dropRun();
  signOut();
  go("#/sign-in");
}

function brand(): HTMLElement {
  return el("a", { href: "/", class: "brand" }, el("img", { src: "/pages/icon.svg", alt: "", width: "24", height: "24" }), "AI Widget Builder");
}

function frame(...children: Child[]): void {
  const run = currentRun();
  const add = el("a", { href: "#/add", "aria-current": location.hash === "#/add" && "page" }, run && !run.isOver ? `Reading ${run.count("ready", "failed")} of ${run.entries.length}` : "Add");
  void mayBuild().then((may) => (add.hidden = !may));
  const top = el(
    "header",
    { class: "top" },
    brand(),
    el(
      "nav",
      { "aria-label": "Console" },
      el("a", { href: "#/", "aria-current": location.hash.length < 3 && "page" }, "Widgets"),
      add,
      el("a", { href: "#/workspaces", "aria-current": location.hash.startsWith("#/workspaces") && "page" }, "Workspaces"),
      el("a", { href: "#/sign-in", "aria-current": location.hash === "#/sign-in" && "page" }, "Tokens"),
    ),
    button("Sign out", leave, "quiet"),
  );
  const skip = el("a", { href: "#main", class: "skip", click: (event) => (event.preventDefault(), focusTitle()) }, "Skip to the content");
  root.replaceChildren(skip, top, el("main", { id: "main" }, ...children));
}

function focusTitle(): void {
  const title = root.querySelector("h1");
  title?.setAttribute("tabindex", "-1");
  title?.focus();
}

let shown = "";

async function show(): Promise<void> {
  const [, first = "", id = "", tab = "", extra = ""] = location.hash.split("/");
  const isNew = shown !== `${first}/${id}`;
  shown = `${first}/${id}`;
  const isKnown = tokens().length > 0 || builtHere().length > 0;
  if (first === "sign-in" || (!isKnown && first !== "workspaces")) {
    const page = signInPage(() => go("#/"));
    if (tokens().length) frame(page);
    else root.replaceChildren(el("main", { class: "alone stack" }, brand(), page));
  } else if (first === "add") {
    frame(bulkPage());
  } else if (first === "workspaces") {
    frame(workspacesPage(id, go));
  } else if (first === "w") {
    await showWidget(id, tab || "overview", decodeURIComponent(extra));
  } else {
    frame(listPage(new URLSearchParams(first.slice(1)).get("workspace") ?? "", go));
  }
  document.title = `${root.querySelector("h1")?.textContent ?? "Console"} – AI Widget Builder`;
  if (isNew || document.activeElement === document.body) focusTitle();
}

async function showWidget(id: string, tab: string, extra: string): Promise<void> {
  try {
    const widget = await loadWidget(id);
    if (widget) frame(widgetPage(widget, tab, extra, go));
    else frame(el("div", { class: "stack" }, el("h1", {}, "No such widget"), problem("None of your tokens opens this widget. It may have been deleted."), el("p", {}, el("a", { href: "#/sign-in" }, "Add its token"))));
  } catch (error) {
    frame(el("h1", {}, "Widget"), problem(messageOf(error), () => void show()));
  }
}

addEventListener("hashchange", () => void show());
void show();
