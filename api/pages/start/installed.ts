// Whether the widget stands on its owner's website: the service looks at the page that is named.

import { el } from "../widget/dom";

interface Verdict {
  state: "installed" | "not_found" | "other_widget" | "blocked" | "not_allowed" | "unreachable";
  url: string;
  message: string;
  add: string[];
}

/** A field for the page's address, and what is to be said of it. */
export function installedForm(widgetId: string, token: string, url: string): HTMLElement {
  const address = el("input", { id: "page", type: "url", value: url, required: true, autocomplete: "off", "aria-describedby": "verdict" });
  const button = el("button", {}, "Check");
  const verdict = el("div", { id: "verdict", class: "verdict", role: "status" });
  const check = async (event: Event): Promise<void> => {
    event.preventDefault();
    button.disabled = true;
    verdict.removeAttribute("data-state");
    verdict.textContent = "Looking at the page …";
    tell(verdict, await ask(widgetId, token, address.value.trim()));
    button.disabled = false;
  };
  return el(
    "form",
    { class: "installed", submit: (event) => void check(event) },
    el("label", { for: address.id }, "Is it installed? Name a page that has it"),
    el("div", { class: "row" }, address, button),
    verdict,
  );
}

async function ask(widgetId: string, token: string, url: string): Promise<Verdict | string> {
  const answer = await fetch(`/api/widgets/${widgetId}/installed`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ url }),
  }).catch(() => undefined);
  const told = await answer?.json().catch(() => undefined);
  if (answer?.ok && told) return told;
  return told?.error?.message ?? "The service cannot be reached: is the connection down?";
}

function tell(verdict: HTMLElement, told: Verdict | string): void {
  if (typeof told === "string") {
    verdict.dataset.state = "failed";
    verdict.replaceChildren(el("p", {}, `✗ ${told}`));
    return;
  }
  const isThere = told.state === "installed";
  verdict.dataset.state = isThere ? "done" : "failed";
  verdict.replaceChildren(
    el("p", {}, `${isThere ? "✓" : "✗"} ${told.message}`),
    ...(told.add.length ? [lines("What the policy lacks", told.add)] : []),
    el("small", {}, told.url),
  );
}

function lines(label: string, sources: string[]): HTMLElement {
  return el("pre", { tabindex: "0", "aria-label": label }, sources.map((it) => `${it};`).join("\n"));
}
