// DOM construction without HTML strings: text stays text, and links lead to http, https and mailto addresses only.

type Child = Node | string | false | null | undefined;
type Attributes = Record<string, string | boolean | undefined | ((event: Event) => void)>;

/** An element. False attributes are omitted; function attributes become event listeners. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

/** A button with an icon; its label is its accessible name and its tooltip. */
export function iconButton(
  icon: SVGElement,
  label: string,
  click: (event: Event) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, click, ...attributes }, icon);
}

/** The normalised URL; undefined unless it is an absolute http, https or mailto URL. */
export function safeUrl(address: unknown): string | undefined {
  try {
    const url = new URL(String(address));
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A link: in this tab on the page's own origin, where the chat is resumed; else in a new tab. */
export function link(href: string, attributes: Attributes = {}, ...children: Child[]): HTMLAnchorElement {
  const stays = href.startsWith(`${location.origin}/`);
  const elsewhere = stays ? {} : { target: "_blank", rel: "noopener noreferrer" };
  return el("a", { href, ...elsewhere, ...attributes }, ...children);
}
