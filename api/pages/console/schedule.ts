// The schedule: when the site is read again, with all widgets at night or at times of its own.

import { el } from "../widget/dom";
import { card, check, field, type Field, fill, input, problem, say, select, showFailure, time } from "./parts";
import { call } from "./session";
import type { Details, Schedule, Widget } from "./types";

const KINDS = { night: "Every night, with all widgets", interval: "At an interval", cron: "At set times" };
const UNITS: Record<string, string> = { "3600": "hours", "86400": "days" };

/** A card with the widget's schedule. */
export function scheduleCard(widget: Widget, details: Details): HTMLElement {
  const place = el("div");
  const show = (shown: Details): void => place.replaceChildren(view(shown));
  const load = (): void => void fill(place, async () => view(await call<Details>(`/api/widgets/${widget.id}`, widget.token)));
  const view = ({ schedule, next_read_at }: Details): HTMLElement => {
    if (schedule === undefined) return problem("The schedule cannot be shown at the moment.", load);
    return new ScheduleForm(widget, schedule, next_read_at ?? null, show).element;
  };
  show(details);
  return card("When the site is read again", place);
}

class ScheduleForm {
  readonly element: HTMLElement;
  private readonly kind: HTMLSelectElement;
  private readonly every: HTMLInputElement;
  private readonly unit: HTMLSelectElement;
  private readonly cron: HTMLInputElement;
  private readonly zone: HTMLInputElement;
  private readonly jitter: HTMLInputElement;
  private readonly paused: HTMLInputElement;
  private readonly fields: Record<string, Field>;
  private readonly own = el("div", { class: "stack" });
  private readonly save = el("button", { class: "btn primary" }, "Save");
  private readonly wrong = el("p", { class: "wrong", role: "alert" });

  constructor(
    private readonly widget: Widget,
    schedule: Schedule | null,
    nextAt: string | null,
    private readonly shown: (details: Details) => void,
  ) {
    const interval = schedule?.interval_s ?? 7 * 86_400;
    const unit = interval % 86_400 ? 3_600 : 86_400;
    this.kind = select(KINDS, schedule ? (schedule.interval_s ? "interval" : "cron") : "night");
    this.every = input({ type: "number", min: "1", value: String(interval / unit) });
    this.unit = select(UNITS, String(unit), { "aria-label": "Unit of the interval" });
    this.cron = input({ value: schedule?.cron ?? "0 3 * * 1", spellcheck: "false" });
    this.zone = input({ value: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone, list: "zones", spellcheck: "false" });
    this.jitter = input({ type: "number", min: "0", value: String((schedule?.jitter_s ?? 0) / 60) });
    const [paused, box] = check("Paused", schedule?.active === false);
    this.paused = box;
    this.fields = {
      interval_s: field("Read it every", this.every, "", this.unit),
      cron: field("Times (cron)", this.cron, "Minute, hour, day, month, weekday: 0 3 * * 1 is every Monday at 3:00."),
      timezone: field("Time zone", this.zone),
      jitter_s: field("Start up to so many minutes later", this.jitter, "At random, so that many widgets do not start at once."),
    };
    this.own.append(...Object.values(this.fields).map((it) => it.element), paused, zones());
    this.kind.addEventListener("change", () => this.showKind());
    this.showKind();
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.send();
    };
    const next = nextAt ? el("p", {}, "Next reading: ", time(nextAt), ".") : schedule && el("p", {}, "Paused.");
    this.element = el("form", { novalidate: true, submit }, next, field("Read the site", this.kind).element, this.own, this.wrong, el("div", { class: "row" }, this.save));
  }

  private showKind(): void {
    this.own.hidden = this.kind.value === "night";
    this.fields.interval_s!.element.hidden = this.kind.value !== "interval";
    this.fields.cron!.element.hidden = this.kind.value !== "cron";
  }

  private read(): Schedule | null {
    if (this.kind.value === "night") return null;
    const when = this.kind.value === "cron" ? { cron: this.cron.value.trim() } : { interval_s: Math.round(Number(this.every.value) * Number(this.unit.value)) };
    return { ...when, timezone: this.zone.value.trim(), jitter_s: Math.round(Number(this.jitter.value) * 60), active: !this.paused.checked };
  }

  private async send(): Promise<void> {
    for (const it of Object.values(this.fields)) it.fail("");
    this.wrong.textContent = "";
    this.save.disabled = true;
    try {
      const body = { schedule: this.read() };
      this.shown(await call<Details>(`/api/widgets/${this.widget.id}`, this.widget.token, { method: "PATCH", body }));
      say("Saved.");
    } catch (error) {
      showFailure(error, this.fields, (it) => it.replace("schedule.", ""), this.wrong);
      this.save.disabled = false;
    }
  }
}

function zones(): HTMLElement {
  return el("datalist", { id: "zones" }, ...["UTC", ...Intl.supportedValuesOf("timeZone")].map((it) => el("option", { value: it })));
}
