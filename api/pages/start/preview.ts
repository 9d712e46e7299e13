// A page sketched in the site's look, so that the widget can be seen where it will stand.

import { themeRules } from "../widget/theme";
import type { Config } from "../widget/types";

const { id } = (document.currentScript as HTMLScriptElement).dataset;

async function paint(): Promise<void> {
  const answer = await fetch(`/api/public/widgets/${id}`);
  if (!answer.ok) return;
  const config: Config = await answer.json();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(themeRules(config.theme).replaceAll(":host", ":root"));
  document.adoptedStyleSheets = [sheet];
  document.title = `${config.name}: preview of the widget`;
  document.getElementById("name")!.textContent = config.name;
}

addEventListener("ai-widget:ready", () => {
  const { AIWidget } = window as unknown as { AIWidget: { open(options: object): void } };
  AIWidget.open({ focus: false });
});
void paint();
