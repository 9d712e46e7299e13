// The installation check: the service looks for the snippet on a page of the owner's website.

import { el } from "../widget/dom";

interface InstallationReport {
  state: "installed" | "not_found" | "other_widget" | "blocked" | "not_allowed" | "unreachable";
  url: string;
  message: string;
  add: string[];
}

/** A form with the page's address and the result of the check. */
export function installedForm(widgetId: string, token: string, url: string): HTMLElement {
  const address = el("input", { id: "page", type: "url", value: url, required: true, autocomplete: "off", "aria-describedby": "verdict" });
  const button = el("button", {}, "Check");
  const verdict = el("div", { id: "verdict", class: "verdict", role: "status" });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    button.disabled = true;
    verdict.removeAttribute("data-state");
    verdict.textContent = "Checking the page …";
    showReport(verdict, await check(widgetId, token, address.value.trim()));
    button.disabled = false;
  };
  return el(
    "form",
    { class: "installed", submit: (event) => void submit(event) },
    el("label", { for: address.id }, "Is it installed? Address of a page with the snippet"),
    el("div", { class: "row" }, address, button),
    verdict,
  );
}

async function check(widgetId: string, token: string, url: string): Promise<InstallationReport | string> {
  const answer = await fetch(`/api/widgets/${widgetId}/installed`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ url }),
  }).catch(() => undefined);
  const body = await answer?.json().catch(() => undefined);
  if (answer?.ok && body) return body;
  return body?.error?.message ?? "The service cannot be reached. Check your connection and try again.";
}

function showReport(verdict: HTMLElement, report: InstallationReport | string): void {
  if (typeof report === "string") {
    verdict.dataset.state = "failed";
    verdict.replaceChildren(el("p", {}, `✗ ${report}`));
    return;
  }
  const isInstalled = report.state === "installed";
  verdict.dataset.state = isInstalled ? "done" : "failed";
  verdict.replaceChildren(
    el("p", {}, `${isInstalled ? "✓" : "✗"} ${report.message}`),
    ...(report.add.length ? [lines("Sources to add", report.add)] : []),
    el("small", {}, report.url),
  );
}

function lines(label: string, sources: string[]): HTMLElement {
  return el("pre", { tabindex: "0", "aria-label": label }, sources.map((it) => `${it};`).join("\n"));
}
