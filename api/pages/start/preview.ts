// The widget's preview: over a screenshot of the site or, until there is one, over a sketch in the site's colours.

import { themeRules } from "../widget/theme";
import type { Config } from "../widget/types";

const { id } = (document.currentScript as HTMLScriptElement).dataset;
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
let requests = 0;
const failed = document.querySelector<HTMLElement>("#failed")!;
const screenshot = document.querySelector<HTMLImageElement>("#screenshot")!;

function widget(): { open(options: object): void; close(): void } | undefined {
  return (window as { AIWidget?: ReturnType<typeof widget> }).AIWidget;
}

async function paint(): Promise<void> {
  const answer = await fetch(`/api/public/widgets/${id}`);
  if (!answer.ok) return;
  const config: Config = await answer.json();
  sheet.replaceSync(themeRules(config.theme).replaceAll(":host", ":root"));
  document.title = `${config.name}: preview of the widget`;
  failed.hidden = config.state !== "failed";
  // In a narrow frame the chat would cover the reason for which it cannot answer.
  if (!failed.hidden) widget()?.close();
  for (const it of document.querySelectorAll("h1, .bar b")) it.textContent = config.name;
  screenshot.alt = `The start page of ${config.name}`;
}

/** Loads the screenshot; a new URL each time, because browsers keep images in memory. */
function loadScreenshot(): void {
  screenshot.src = `/preview/${id}/screenshot?${requests++}`;
}

screenshot.addEventListener("load", () => {
  screenshot.hidden = false;
  document.body.classList.add("pictured");
});

addEventListener("ai-widget:ready", () => {
  if (failed.hidden) widget()?.open({ focus: false });
});
// Sent by the onboarding page, which shows this page in a frame beside the build.
addEventListener("widget-changed", () => {
  void paint();
  loadScreenshot();
});
void paint();
loadScreenshot();
