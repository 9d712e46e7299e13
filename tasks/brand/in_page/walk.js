// One walk over the visible elements, in document order.
const SKIPPED = new Set(["script", "style", "noscript", "template", "iframe", "object", "embed", "option", "head"]);
const PARTS = new Map(
  Object.entries({
    heading: ["h1", "h2", "h3"],
    prose: ["p", "li", "td", "dd", "blockquote"],
    code: ["code", "pre", "kbd", "samp"],
    header: ["header", "nav", "banner", "navigation"],
    footer: ["footer", "contentinfo"],
    aside: ["aside"],
    control: ["button", "select", "textarea"],
  }).flatMap(([part, tags]) => tags.map((tag) => [tag, part])),
);
// In the dark scheme, finish running transitions at once, so that the new colours are read.
if (scheme === "dark") for (const animation of document.getAnimations().slice(0, 500)) attempt(() => animation.finish());

const visible = [];
const letters = (element) => {
  let count = 0;
  for (let node = element.firstChild; node; node = node.nextSibling)
    if (node.nodeType === 3) count += node.data.slice(0, 2000).replace(/\s+/g, "").length;
  return count;
};
// The context that an element's children inherit; a search of each one's ancestors would cost depth times as much.
const inside = (element, tag, role, above, colour, layer) => {
  const part = PARTS.get(tag) || PARTS.get(role);
  const link = tag === "a" && element.hasAttribute("href") ? element : null;
  if (!part && !link && !colour && !layer) return above;
  const context = { ...above };
  if (part) context[part] = true;
  if (link) context.link = link;
  if (colour) context.backdrop = colour;
  if (layer) context.layer = true;
  return context;
};
// An element that is fading in counts as visible.
const isTransparent = (style) =>
  Number(style.opacity) < 0.1 &&
  (style.pointerEvents === "none" || (style.animationName === "none" && parseFloat(style.transitionDuration) === 0));
// Overlays that come and go: offers, sign-ups.
const isLayer = (element, style, role) =>
  (role.includes("dialog") || style.position === "fixed") &&
  element.localName !== "header" &&
  !holds(element, "main, h1, nav");
// The context of the element's children, or null if the element and all in it are left out.
const look = (element, above) => {
  const tag = element.localName;
  if (SKIPPED.has(tag)) return null;
  const style = getComputedStyle(element);
  if (style.display === "none" || isTransparent(style)) return null;
  const role = tag === "dialog" ? tag : attribute(element, "role");
  const named = verdict(names(element));
  const frame = tag === "html" || tag === "body";
  const rect = box(element);
  if (!frame && isLeftOut(element, style, rect, role, named)) return null;
  const colour = fill(style) || (rect.width >= 0.6 * WIDTH ? gradients(style)[0] : null);
  const context = inside(element, tag, role, above, colour, isLayer(element, style, role));
  if (rect.width > 0 && rect.height > 0 && rect.right > 0 && style.visibility === "visible")
    visible.push({ element, style, rect, fill: colour, above, context, letters: letters(element) });
  return tag === "svg" ? null : context;
};
let visited = 0;
const open = [[root, { backdrop: "rgb(255, 255, 255)" }]];
while (open.length && visited < MAX_ELEMENTS) {
  const [element, above] = open.pop();
  visited += 1;
  if (element.nextElementSibling) open.push([element.nextElementSibling, above]);
  const context = attempt(() => look(element, above), null);
  if (context && element.firstElementChild) open.push([element.firstElementChild, context]);
  const shadow = context && element.shadowRoot && element.shadowRoot.firstElementChild;
  if (shadow) open.push([shadow, context]);
}
