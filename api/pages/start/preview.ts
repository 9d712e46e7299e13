// A page sketched in the site's look, so that the widget can be seen where it will stand.

import { themeRules } from "../widget/theme";
import type { Config } from "../widget/types";

const { id } = (document.currentScript as HTMLScriptElement).dataset;
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

async function paint(): Promise<void> {
  const answer = await fetch(`/api/public/widgets/${id}`);
  if (!answer.ok) return;
  const config: Config = await answer.json();
  sheet.replaceSync(themeRules(config.theme).replaceAll(":host", ":root"));
  document.title = `${config.name}: preview of the widget`;
  document.getElementById("name")!.textContent = config.name;
}

addEventListener("ai-widget:ready", () => {
  const { AIWidget } = window as unknown as { AIWidget: { open(options: object): void } };
  AIWidget.open({ focus: false });
});
// Said by the onboarding page, which shows this one beside the build.
addEventListener("widget-changed", () => void paint());
void paint();
