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
const writeStyles = (original, copy) => {
  const style = getComputedStyle(original);
  for (const name of STYLED) copy.setAttribute(name, style.getPropertyValue(name));
  for (const name of ["class", "style"]) copy.removeAttribute(name);
};
const drawing = (svg, rect) => {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  if (originals.length > MAX_SHAPES || originals.length !== copies.length) return "";
  originals.forEach((original, at) => writeStyles(original, copies[at]));
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
// Pictures of others: customers, partners, awards.
const OTHERS = /(^|[^a-z])(clients?|customers?|partners?|sponsors?|testimonials?|trusted|awards?|certificat\w*|payments?|press)([^a-z]|$)/i;
const isOfOthers = (element, source) => {
  if (OTHERS.test(`${attribute(element, "alt")} ${source.split("/").pop()}`)) return true;
  for (let box = element, level = 0; box && box !== body && level < 6; box = parent(box), level += 1)
    if (OTHERS.test(names(box))) return true;
  return false;
};
// A header may hold the whole first screen: only its top, and a menu wherever that is, are where logos stand.
const BAR = "nav, [role=navigation], [class*=navbar]";
const inHeader = (element, rect, context) => {
  const top = rect.top + scrollY;
  if (top < 160 || !context.header) return top < 160;
  const isNamed = BRAND.test(`${names(element)} ${names(parent(element))} ${context.link ? names(parent(context.link)) : ""}`);
  return top < 300 || isNamed || Element.prototype.closest.call(element, BAR) !== null;
};
const logo = ({ element, rect, style, context, above }) => {
  const image = element.localName === "img";
  const header = inHeader(element, rect, context);
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
    others: isOfOthers(element, source),
    width: Math.round(rect.width),
    height: Math.round(rect.height),
    distance: Math.round(Math.max(0, rect.left + scrollX) + Math.max(0, rect.top + scrollY)),
    backdrop: above.backdrop,
    paints: element.localName === "svg" ? attempt(() => paints(element), []) : [],
    inline: element.localName === "svg" ? attempt(() => drawing(element, rect), "") : /^data:image\//.test(source) ? source.slice(0, MAX_INLINE) : "",
  };
};
// Wordmarks: names set in type, as links to the home page from the header, or as what the page calls its brand there.
// The first line alone: a slogan often stands below the name. Cut from the text as written, not as CSS capitalises it.
const firstLine = (element) => {
  const whole = element.textContent.slice(0, 1000).trim();
  const lines = String(element.innerText ?? whole).trim().split("\n");
  if (lines.length < 2) return text(whole, 60);
  let rest = lines[0].replace(/\s+/g, "").length;
  const end = Array.from(whole).findIndex((letter) => rest <= 0 || (/\S/.test(letter) && (rest -= 1) < 0));
  return text(Array.from(whole).slice(0, end < 0 ? undefined : end).join(""), 60);
};
const isMarked = ({ element, rect, above }) =>
  BRAND.test(names(element)) && (Boolean(above.header) || rect.top + scrollY < 160) && rect.height <= 160 && !above.link;
const isHomeLink = ({ element }) =>
  element.localName === "a" && attribute(element, "href") !== "#" && attempt(() => leadsHome(element, true), false);
const isBrandLink = ({ element }) => element.localName === "a" && BRAND.test(`${names(element)} ${names(parent(element))}`);
const wordmarks = () =>
  visible
    .filter((item) => isHomeLink(item) || isMarked(item) || (isBrandLink(item) && attempt(() => leadsHome(item.element, true), false)))
    .map((item) => ({
      name: attempt(() => firstLine(item.element), ""),
      colour: item.style.color,
      backdrop: item.above.backdrop,
      header: Boolean(item.above.header),
      named: isMarked(item) || (item.rect.top + scrollY < 160 && BRAND.test(names(parent(item.element)))),
      menu: Element.prototype.closest.call(item.element, "li") !== null,
    }))
    .filter(({ name, header, named }) => name && (header || named))
    .sort((one, other) => other.named - one.named || one.menu - other.menu)
    .slice(0, 4);
// Addresses that often contain the name: of mailboxes and of profiles in social networks.
const PROFILES = ["facebook.com/", "instagram.com/", "twitter.com/", "linkedin.com/company/", "youtube.com/", "github.com/"];
const handles = () => [
  ...(said(body).slice(0, 200000).match(/[\w.+-]{1,40}@[\w-]{1,40}(?:\.[\w-]{1,20}){1,3}/g) || []).slice(0, 10),
  ...all('a[href^="mailto:" i]', 10).map((link) => text(attribute(link, "href").slice(7))),
  ...all(PROFILES.map((host) => `a[href*="${host}" i]`).join(), 20).map((link) => text(attribute(link, "href"))),
];
// Files of pictures that are in many headers and are nobody's logo.
const OTHER =
  /(social|sprite|icons|facebook|twitter|instagram|avatar|portrait|photo|flag|cart|search|menu|slide|banner|hero|corner|(^|[-_/])bg)[^/]*$/i;
const TALLEST = 200;
// Pictures behind a link's own text, repeated or in a menu's entry, are decoration.
const isDecoration = ({ element, style, letters, context }) =>
  element.localName !== "img" &&
  element.localName !== "svg" &&
  ((letters > 0 && parseFloat(style.textIndent) >= 0 && parseFloat(style.fontSize) > 1) ||
    !style.backgroundRepeat.includes("no-repeat") ||
    attribute(context.link, "href") === "#" ||
    Element.prototype.closest.call(element, "li") !== null);
const isPicture = ({ element, style, context }) =>
  element.localName === "img" ||
  element.localName === "svg" ||
  (Boolean(context.link) && style.backgroundImage.startsWith("url("));
const isOwn = ({ named, header, home, others, url, height }) =>
  (home || !others) && (named || (header && home && height <= TALLEST && !OTHER.test(url)));
const logos = () =>
  visible
    .filter((item) => isPicture(item) && item.rect.width >= 16 && item.rect.height >= 12)
    .map((item) => attempt(() => ({ ...logo(item), decoration: isDecoration(item) }), null))
    .filter((candidate) => candidate && isOwn(candidate) && (candidate.named || !candidate.decoration))
    .slice(0, MAX_RECORDS);
// The last lines with a copyright sign: they often name the site's owner, and those who made it.
// The makers may be named in a link beside the line: "Template by".
const written = (element) => attempt(() => String(element.innerText), said(element));
const lineOf = (element) => written(/\bby\W*$/i.test(written(element)) ? parent(element) || element : element);
const copyrights = () =>
  visible
    .filter(({ element, letters }) => letters > 0 && /©|\(c\)|copyright/i.test(said(element).slice(0, 400)))
    .slice(-3)
    .map(({ element }) => ({ line: text(lineOf(element), 200) }));
