// The onboarding page: one field, then the build as it happens. `?build=…` shows one again.

import { BUILDS, type BuildEvent, followBuild, Refused, startBuild } from "./following";
import { goneCard } from "./owner";
import { Progress } from "./progress";
import { BuildView } from "./view";

const form = document.querySelector<HTMLFormElement>("#start")!;
const problem = document.querySelector<HTMLElement>("#problem")!;
const hero = document.querySelector<HTMLElement>(".hero")!;
const target = document.querySelector<HTMLElement>("#build")!;

/** The address as people write it: without a scheme it is the secure one. */
function address(text: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`;
}

async function show(events: AsyncGenerator<BuildEvent>, url: string): Promise<void> {
  const progress = new Progress();
  progress.url = url;
  let buildId = "";
  const page = {
    cancel: () => {
      if (buildId) void fetch(`${BUILDS}/${buildId}`, { method: "DELETE" });
    },
    rebuilt: (events: AsyncGenerator<BuildEvent>) => {
      scrollTo({ top: 0 });
      void show(events, progress.url);
    },
    deleted: (name: string) => {
      localStorage.removeItem(`ai-widget-owner:${progress.widgetId}`);
      history.replaceState(null, "", "/");
      target.replaceChildren(goneCard(name));
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
        history.replaceState(null, "", `?build=${buildId}`);
      }
      keepToken(event);
      progress.take(event);
      view.take(event);
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (buildId) view.fail(error.message);
    else refuse(error.message);
  }
}

/** Back to the field, with what is wrong. */
function refuse(message: string): void {
  target.hidden = true;
  target.replaceChildren();
  hero.hidden = false;
  problem.textContent = message;
  form.querySelector("input")!.focus();
}

/** The owner's token comes once, and only to who began the build. */
function keepToken({ type, data }: BuildEvent): void {
  if (type === "builder_started" && data.owner_token) {
    localStorage.setItem(`ai-widget-owner:${data.widget_id}`, data.owner_token);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const values = new FormData(form);
  const url = address(String(values.get("url")).trim());
  const asked: Record<string, unknown> = { url };
  for (const name of ["depth", "max_pages"]) if (values.get(name)) asked[name] = Number(values.get(name));
  void show(startBuild(asked), url);
});

const buildId = new URLSearchParams(location.search).get("build");
if (buildId) void show(followBuild(encodeURIComponent(buildId)), "");
else form.querySelector("input")!.focus();
