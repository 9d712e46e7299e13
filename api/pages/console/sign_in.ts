// Signing in with a token, and the tokens one has.

import { el } from "../widget/dom";
import { button, check, field, input, plural } from "./parts";
import { builtHere, call, Failed, forget, isKept, messageOf, signIn, tokens } from "./session";

/** The page: a token opens the widgets it belongs to; several may be added. */
export function signInPage(done: () => void): HTMLElement {
  const token = input({ type: "password", required: true, spellcheck: "false", autocomplete: "current-password" });
  const [stay, stays] = check("Stay signed in on this device", isKept());
  const go = el("button", { class: "btn primary" }, "Sign in");
  const asked = field("Token", token, "The owner token you got when the widget was built, a member's of a workspace, or the administrator's.");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    asked.fail("");
    go.disabled = true;
    try {
      await call("/api/widgets?limit=1", token.value.trim());
      signIn(token.value.trim(), stays.checked);
      done();
    } catch (error) {
      const isUnknown = error instanceof Failed && error.status === 403;
      asked.fail(isUnknown ? "No widget has this token. Check that you have copied all of it, and that it has not been revoked." : messageOf(error));
      token.focus();
    }
    go.disabled = false;
  };
  return el(
    "div",
    { class: "sign-in" },
    el("h1", {}, tokens().length ? "Tokens" : "Sign in"),
    el("p", { class: "muted" }, tokens().length ? "Add a token to see its widgets too." : "Sign in to see what visitors ask, answer what the site does not, and change the look."),
    el("form", { class: "card", submit: (event) => void submit(event) }, asked.element, stay, el("div", { class: "row" }, go)),
    known(done),
    el("p", { class: "muted" }, "No widget yet? ", el("a", { href: "/" }, "Build one"), " from a website's address. Several people? ", el("a", { href: "#/workspaces" }, "Create a workspace"), "."),
  );
}

function known(done: () => void): HTMLElement | null {
  const here = builtHere().length;
  const mine = tokens();
  if (mine.length) {
    const remove = (token: string): void => {
      forget(token);
      done();
    };
    return el(
      "section",
      { class: "card", "aria-label": "Signed in with" },
      el("h2", {}, "Signed in with"),
      el("ul", { class: "plain" }, ...mine.map((it) => el("li", { class: "row between" }, el("code", {}, `${it.slice(0, 8)}…${it.slice(-4)}`), button("Remove", () => remove(it), "quiet", { "aria-label": `Remove the token ${it.slice(0, 8)}…` })))),
    );
  }
  if (!here) return null;
  return el("p", {}, button(`Go on with ${plural(here, "widget")} built in this browser`, done));
}
