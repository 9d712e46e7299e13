// Webhooks: receivers of the widget's events, programs or e-mail addresses, their last deliveries, and those that were given up.

import { el } from "../widget/dom";
import { button, card, check, confirmFirst, copyable, empty, field, fill, input, plural, say, tag, time, type Tone } from "./parts";
import { may } from "./rights";
import { call, Failed, messageOf } from "./session";
import type { Delivery, Webhook, Widget } from "./types";

const EVENTS: Record<string, string> = {
  "lead.created": "A visitor leaves an e-mail address",
  "question.unanswered": "A question is not answered",
  feedback: "A visitor rates an answer",
  "build.completed": "The site has been read",
  "build.failed": "The site could not be read",
};
const STATES: Record<string, [string, Tone]> = { waiting: ["Waiting", "busy"], delivered: ["Delivered", "good"], dead: ["Given up", "bad"] };

export function webhooksTab(widget: Widget): HTMLElement {
  return new Webhooks(widget).element;
}

class Webhooks {
  readonly element = el("div", { class: "stack" });
  private readonly added = el("div");
  private readonly list = el("div", { class: "stack" });

  constructor(private readonly widget: Widget) {
    this.element.append(this.added, this.list);
    if (this.canEdit) this.element.append(this.addForm());
    this.load();
  }

  private get base(): string {
    return `/api/widgets/${this.widget.id}/webhooks`;
  }

  private get canEdit(): boolean {
    return may(this.widget, "editor");
  }

  private load(): void {
    void fill(this.list, async () => {
      const { webhooks } = await call<{ webhooks: Webhook[] }>(this.base, this.widget.token);
      if (webhooks.length) return webhooks.map((it) => this.webhook(it));
      return el("div", { class: "card" }, empty("No webhooks yet", "A webhook tells your own systems what happens here by a signed request, or you by e-mail."));
    });
  }

  private addForm(): HTMLElement {
    const url = input({ placeholder: "https://www.example.com/hook", spellcheck: "false" });
    const address = field("Address", url, "Of a program, whose requests are signed with a secret that is shown once, or an e-mail address, which gets a code to confirm it with.");
    const boxes = Object.entries(EVENTS).map(([key, label]) => [key, ...check(label, key === "lead.created")] as const);
    const add = el("button", { class: "btn primary" }, "Add");
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      address.fail("");
      add.disabled = true;
      try {
        const events = boxes.filter(([, , box]) => box.checked).map(([key]) => key);
        const made = await call<Webhook & { secret: string }>(this.base, this.widget.token, { method: "POST", body: { url: asUrl(url.value.trim()), events } });
        if (made.confirmed) this.showSecret(made.secret);
        else say("An e-mail with a code is on its way.");
        url.value = "";
        this.load();
      } catch (error) {
        const isForEvents = error instanceof Failed && error.field.startsWith("events");
        // The field's name stands in the message, for programs.
        address.fail(isForEvents ? "Choose at least one event." : messageOf(error).replace(/^`url`:? /, ""));
        url.focus();
      }
      add.disabled = false;
    };
    const events = el("fieldset", {}, el("legend", {}, "Tell it when"), ...boxes.map(([, label]) => label));
    return card("Add a webhook", el("form", { novalidate: true, submit: (event) => void submit(event) }, address.element, events, el("div", { class: "row" }, add)));
  }

  private showSecret(secret: string): void {
    const made = card("The webhook's secret", el("p", {}, "Save it now: it is not shown again. With it, your receiver checks that a request is from here."), copyable("Secret", secret));
    made.tabIndex = -1;
    this.added.replaceChildren(made);
    made.focus();
  }

  private webhook(it: Webhook): HTMLElement {
    const remove = (): void =>
      confirmFirst("Delete this webhook?", "Its deliveries are deleted as well, also those that wait.", "Delete", async () => {
        await call(`${this.base}/${it.id}`, this.widget.token, { method: "DELETE" });
        say("The webhook is deleted.");
        this.load();
      });
    const pause = async (): Promise<void> => {
      try {
        await call(`${this.base}/${it.id}`, this.widget.token, { method: "PATCH", body: { paused: !it.paused } });
        say(it.paused ? "The webhook goes on." : "The webhook is paused; its deliveries wait.");
        this.load();
      } catch (error) {
        say(messageOf(error));
      }
    };
    const deliveries = el("div");
    const details = el("details", { toggle: () => details.open && this.loadDeliveries(it, deliveries) }, el("summary", {}, "Last deliveries"), deliveries);
    const counts = [it.waiting > 0 && tag(`${plural(it.waiting, "delivery", "deliveries")} waiting`, "busy"), it.dead > 0 && tag(`${plural(it.dead, "delivery", "deliveries")} given up`, "bad"), it.paused && tag("Paused", "plain"), !it.confirmed && tag("Not confirmed", "bad")];
    return card(
      it.url.replace(/^mailto:/, ""),
      el("p", { class: "muted" }, it.events.map((each) => EVENTS[each] ?? each).join(" · ")),
      el("p", {}, ...counts.filter((each): each is HTMLElement => each !== false)),
      this.canEdit && !it.confirmed && this.confirmation(it),
      details,
      this.canEdit && el("div", { class: "row" }, button(it.paused ? "Resume" : "Pause", () => void pause(), "quiet", { "aria-label": `${it.paused ? "Resume" : "Pause"}: ${it.url}` }), button("Delete", remove, "quiet", { "aria-label": `Delete: ${it.url}` })),
    );
  }

  private confirmation(it: Webhook): HTMLElement {
    const code = input({ spellcheck: "false", autocomplete: "one-time-code" });
    const asked = field("Code from the e-mail", code, "", el("button", { class: "btn primary" }, "Confirm"));
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      asked.fail("");
      try {
        await call(`${this.base}/${it.id}/confirm`, this.widget.token, { method: "POST", body: { code: code.value.trim() } });
        say("The address is confirmed.");
        this.load();
      } catch (error) {
        asked.fail(messageOf(error).replace(/^`code`:? /, "This "));
        code.focus();
      }
    };
    return el("form", { novalidate: true, submit: (event) => void submit(event) }, asked.element);
  }

  private loadDeliveries(webhook: Webhook, place: HTMLElement): void {
    void fill(place, async () => {
      const { deliveries } = await call<{ deliveries: Delivery[] }>(`${this.base}/${webhook.id}/deliveries`, this.widget.token);
      if (!deliveries.length) return el("p", { class: "muted" }, "None yet.");
      return el("ul", { class: "plain lined" }, ...deliveries.map((it) => this.delivery(webhook, it, place)));
    });
  }

  private delivery(webhook: Webhook, it: Delivery, place: HTMLElement): HTMLElement {
    const [state, tone] = STATES[it.status] ?? [it.status, "plain" as Tone];
    const replay = async (): Promise<void> => {
      try {
        await call(`${this.base}/${webhook.id}/deliveries/${it.id}/replay`, this.widget.token, { method: "POST" });
        say("It is sent again.");
        this.loadDeliveries(webhook, place);
      } catch (error) {
        say(messageOf(error));
      }
    };
    const next = it.status === "waiting" && it.attempts > 0 ? [", again ", time(it.due_at)] : [];
    return el(
      "li",
      { class: "row between top" },
      el(
        "div",
        {},
        el("b", {}, it.event),
        " ",
        tag(state, tone),
        el("small", {}, time(it.created_at), `, ${plural(it.attempts, "attempt")}`, it.error ? `: ${it.error}` : "", ...next),
        el("details", {}, el("summary", {}, "Content"), el("pre", { tabindex: "0", "aria-label": "Content" }, it.body)),
      ),
      this.canEdit && button("Send again", () => void replay(), "quiet", { "aria-label": `Send again: ${it.event}` }),
    );
  }
}

/** The address as the service takes it: of e-mail addresses with their scheme. */
function asUrl(address: string): string {
  return /^[^\s/:@]+@[^\s/@]+$/.test(address) ? `mailto:${address}` : address;
}
