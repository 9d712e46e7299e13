// The onboarding page: a form, then the running build. `?build=…` shows an existing build.

import { builtHere, tokens } from "../console/session";
import { type BuildEvent, cancelBuild, followBuild, RequestFailed, startBuild } from "./following";
import { deletedCard } from "./owner";
import { Progress } from "./progress";
import { BuildView } from "./view";
import { showWaiting } from "./waiting";

const form = document.querySelector<HTMLFormElement>("#start")!;
const problem = document.querySelector<HTMLElement>("#problem")!;
const hero = document.querySelector<HTMLElement>(".hero")!;
const target = document.querySelector<HTMLElement>("#build")!;

/** What a build is asked for; absent numbers are the service's to choose. */
interface Asked {
  url: string;
  depth?: number;
  max_pages?: number;
}

/** Starts a build and shows it. */
function build(asked: Asked): void {
  void show(startBuild(asked), asked);
}

async function show(events: AsyncGenerator<BuildEvent>, asked: Asked): Promise<void> {
  const progress = new Progress();
  progress.url = asked.url;
  let buildId = "";
  const page = {
    cancel: (token: string) => cancelBuild(buildId, token),
    retry: (url: string) => build({ ...asked, url }),
    onRebuild: (events: AsyncGenerator<BuildEvent>) => {
      scrollTo({ top: 0 });
      void show(events, { ...asked, url: progress.url });
    },
    onDeleted: (name: string) => {
      localStorage.removeItem(`ai-widget-owner:${progress.widgetId}`);
      history.replaceState(null, "", "/");
      target.replaceChildren(deletedCard(name));
      target.querySelector("h1")!.focus();
    },
  };
  hero.hidden = true;
  problem.textContent = "";
  const view = new BuildView(target, progress, page);
  try {
    for await (const event of events) {
      if (!buildId) {
        buildId = event.build_id;
        asked.depth ??= event.data.depth;
        asked.max_pages ??= event.data.max_pages;
        history.replaceState(null, "", `?build=${buildId}`);
      }
      saveToken(event);
      progress.update(event);
      view.update(event);
    }
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    if (buildId) view.fail(error.message);
    else showProblem(error.message);
  }
}

/** Returns to the form and shows the problem. */
function showProblem(message: string): void {
  target.hidden = true;
  target.replaceChildren();
  hero.hidden = false;
  problem.textContent = message;
  form.querySelector("input")!.focus();
}

/** Saves the owner token, which is sent once, only in the stream of the client that started the build. */
function saveToken({ type, data }: BuildEvent): void {
  if (type === "builder_started" && data.owner_token) {
    localStorage.setItem(`ai-widget-owner:${data.widget_id}`, data.owner_token);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const values = new FormData(form);
  const url = String(values.get("url")).trim();
  const asked: Asked = { url };
  for (const name of ["depth", "max_pages"] as const) if (values.get(name)) asked[name] = Number(values.get(name));
  build(asked);
});

void showWaiting(document.querySelector("#waiting")!);

if (builtHere().length || tokens().length) document.querySelector("#console")!.textContent = "Your widgets";

const buildId = new URLSearchParams(location.search).get("build");
if (buildId) void show(followBuild(encodeURIComponent(buildId)), { url: "" });
else form.querySelector("input")!.focus();
