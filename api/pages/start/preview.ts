// The widget where it will stand: over a screenshot of the site; until there is one, on a sketch in its look.

import { themeRules } from "../widget/theme";
import type { Config } from "../widget/types";

const { id } = (document.currentScript as HTMLScriptElement).dataset;
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
let looks = 0;
const screenshot = document.querySelector<HTMLImageElement>("#screenshot")!;

async function paint(): Promise<void> {
  const answer = await fetch(`/api/public/widgets/${id}`);
  if (!answer.ok) return;
  const config: Config = await answer.json();
  sheet.replaceSync(themeRules(config.theme).replaceAll(":host", ":root"));
  document.title = `${config.name}: preview of the widget`;
  for (const it of document.querySelectorAll("h1, .bar b")) it.textContent = config.name;
  screenshot.alt = `The start page of ${config.name}`;
}

/** Each time under another address: the same would be taken from memory. */
function lookForScreenshot(): void {
  screenshot.src = `/preview/${id}/screenshot?${looks++}`;
}

screenshot.addEventListener("load", () => {
  screenshot.hidden = false;
  document.body.classList.add("pictured");
});

addEventListener("ai-widget:ready", () => {
  const { AIWidget } = window as unknown as { AIWidget: { open(options: object): void } };
  AIWidget.open({ focus: false });
});
// Said by the onboarding page, which shows this one beside the build.
addEventListener("widget-changed", () => {
  void paint();
  lookForScreenshot();
});
void paint();
lookForScreenshot();
