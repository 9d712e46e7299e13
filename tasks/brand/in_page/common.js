// Shared by all parts: safe access to the page, colours, tallies.
const MAX_ELEMENTS = 3000;
const MAX_RECORDS = 24;
const MAX_PAINTED = 96;
const WIDTH = innerWidth;
const SCREEN = innerHeight;

const attempt = (read, otherwise) => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
const text = (value, most = 200) =>
  String(value ?? "").slice(0, most * 4).replace(/\s+/g, " ").trim().slice(0, most);
// Called on the prototype: <form><input name="getAttribute"> hides the method of its form.
const attribute = (element, name) => Element.prototype.getAttribute.call(element, name) || "";
const holds = (element, selector) => Element.prototype.querySelector.call(element, selector) !== null;
const box = (element) => Element.prototype.getBoundingClientRect.call(element);
const absolute = (href) => attempt(() => new URL(href, document.baseURI).href.slice(0, 2048), "");
// <img name="body"> hides document.body.
const all = (selector, most) => Array.from(Document.prototype.querySelectorAll.call(document, selector)).slice(0, most);
const first = (selector) => all(selector, 1)[0] || null;
const root = document.documentElement;
const body = first("body") || root;

const names = (element) => `${attribute(element, "class")} ${attribute(element, "id")}`.slice(0, 400);
const parent = (element) => element.parentElement || attempt(() => element.getRootNode().host, null) || null;
const within = (element) => element.shadowRoot || element;
const said = (element) => within(element).textContent || "";

const alpha = (colour) => {
  if (colour === "rgba(0, 0, 0, 0)") return 0;
  if (colour.startsWith("rgb(")) return 1;
  const match = /(?:\/|^rgba\([^)]*,)\s*([\d.]+)(%?)\s*\)$/.exec(colour);
  return match ? Number(match[1]) / (match[2] ? 100 : 1) : 1;
};
const COLOUR = /(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\([^()]*\)/gi;
const fill = (style) => (alpha(style.backgroundColor) >= 0.5 ? style.backgroundColor : null);
const gradients = (style) => {
  const image = style.backgroundImage;
  if (!image.includes("gradient(")) return [];
  return (image.slice(0, 1000).match(COLOUR) || []).filter((colour) => alpha(colour) >= 0.5).slice(0, 4);
};

const tally = (map, key, amount) => map.set(key, (map.get(key) || 0) + amount);
const largest = (map, most, shape) =>
  Array.from(map).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most).map(shape);
const asColour = ([colour, amount]) => ({ colour, amount });
const asFont = ([family, amount]) => ({ family, amount });
