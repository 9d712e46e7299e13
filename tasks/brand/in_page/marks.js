// Logos: pictures and names that link to the home page, stand in the header or are named a logo.
// A link within the page leads home from the header, to its top or as the brand's; elsewhere it is a placeholder:
// "#!", "#pablo".
const TOP = /^#(top|page-?top|home|hero|start|main|header)?$/i;
const BRAND = /logo|brand|site-?(title|name)/i;
const leadsHome = (link, inHeader) => {
  if (!link) return false;
  if (/\bhome\b/.test(attribute(link, "rel"))) return true;
  if (attribute(link, "href").startsWith("#"))
    return inHeader && (TOP.test(attribute(link, "href")) || BRAND.test(`${names(link)} ${names(parent(link))}`));
  const url = new URL(attribute(link, "href"), document.baseURI);
  const home = url.pathname === location.pathname || /^\/([a-z]{2}(-[a-z]{2})?\/?)?$/i.test(url.pathname);
  return url.origin === location.origin && home;
};
// The colours of an inline SVG, by the bounding boxes of its shapes.
const paints = (drawing) => {
  const areas = new Map();
  for (const shape of Array.from(drawing.querySelectorAll("path, rect, circle, ellipse, polygon, text, use")).slice(0, 60)) {
    const style = getComputedStyle(shape);
    const colour = style.fill !== "none" ? style.fill : style.stroke;
    const { width, height } = attempt(() => shape.getBBox(), { width: 0, height: 0 });
    if (style.display !== "none" && colour && colour !== "none" && width * height > 0) tally(areas, colour, width * height);
  }
  return largest(areas, 6, asColour);
};
// The inline SVG as a standalone document, with the computed styles of each shape as attributes.
const STYLED = ["fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "opacity", "display", "stop-color"];
const MAX_SHAPES = 200;
const MAX_INLINE = 80000;
const written = (original, copy) => {
  const style = getComputedStyle(original);
  for (const name of STYLED) copy.setAttribute(name, style.getPropertyValue(name));
  for (const name of ["class", "style"]) copy.removeAttribute(name);
};
const drawing = (svg, rect) => {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  if (originals.length > MAX_SHAPES || originals.length !== copies.length) return "";
  originals.forEach((original, at) => written(original, copies[at]));
  // Shapes from a sprite elsewhere on the page are copied too.
  for (const use of copy.querySelectorAll("use")) {
    const name = (attribute(use, "href") || attribute(use, "xlink:href")).slice(1);
    const shape = name && !copy.querySelector(`#${CSS.escape(name)}`) && document.getElementById(name);
    if (shape && shape.querySelectorAll("*").length < MAX_SHAPES) copy.append(shape.cloneNode(true));
  }
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${rect.width} ${rect.height}`);
  copy.setAttribute("width", rect.width);
  copy.setAttribute("height", rect.height);
  copy.setAttribute("color", getComputedStyle(svg).color);
  const markup = new XMLSerializer().serializeToString(copy);
  return markup.length <= MAX_INLINE ? markup : "";
};
const logo = ({ element, rect, style, context, above }) => {
  const image = element.localName === "img";
  const header = Boolean(context.header) || rect.top + scrollY < 160;
  const drawn = /^url\("?([^")]+)"?\)/.exec(style.backgroundImage);
  const source = image ? element.currentSrc || attribute(element, "src") : drawn ? drawn[1] : "";
  const said = [names(element), attribute(element, "alt"), image ? source.split("/").pop() : "", context.link ? names(context.link) : ""];
  const spoken = [attribute(element, "alt"), attribute(element, "aria-label"), context.link ? attribute(context.link, "aria-label") : ""];
  return {
    url: source && !source.startsWith("data:") ? absolute(source) : "",
    header,
    home: attempt(() => leadsHome(context.link, header), false),
    named: /logo|brand/i.test(said.join(" ").slice(0, 1000)),
    alt: text(spoken.find(Boolean) || ""),
    width: Math.round(rect.width),
    distance: Math.round(Math.max(0, rect.left + scrollX) + Math.max(0, rect.top + scrollY)),
    backdrop: above.backdrop,
    paints: element.localName === "svg" ? attempt(() => paints(element), []) : [],
    inline: element.localName === "svg" ? attempt(() => drawing(element, rect), "") : /^data:image\//.test(source) ? source.slice(0, MAX_INLINE) : "",
  };
};
// Wordmarks: the text of the header's links to the home page.
const wordmarks = () =>
  visible
    .filter(({ element }) => element.localName === "a" && attempt(() => leadsHome(element, true), false))
    .map(({ element, style, above, rect }) => ({
      name: text(element.textContent, 60),
      colour: style.color,
      header: Boolean(above.header),
      named: rect.top + scrollY < 160 && BRAND.test(`${names(element)} ${names(parent(element))}`),
    }))
    .filter(({ name, header, named }) => name && (header || named))
    .slice(0, 4);
// Files of pictures that are in many headers and are nobody's logo.
const OTHER = /(social|sprite|icons|facebook|twitter|instagram|avatar|flag|cart|search|menu)[^/]*$/i;
const isPicture = ({ element, style, context }) =>
  element.localName === "img" ||
  element.localName === "svg" ||
  (Boolean(context.link) && style.backgroundImage.startsWith("url("));
const logos = () =>
  visible
    .filter((item) => isPicture(item) && item.rect.width >= 16 && item.rect.height >= 12)
    .map((item) => attempt(() => logo(item), null))
    .filter((candidate) => candidate && (candidate.named || (candidate.header && candidate.home && !OTHER.test(candidate.url))))
    .slice(0, MAX_RECORDS);
// The last lines with a copyright sign: they often name the site's owner, and those who made it.
const copyrights = () =>
  visible
    .filter(({ element, letters }) => letters > 0 && /©|\(c\)|copyright/i.test(said(element).slice(0, 400)))
    .slice(-3)
    .map(({ element }) => ({ line: text(said(element), 200) }));
