// Type: the fonts in use, the colours of text, links and headings, and the text itself.
// The families of a list that are in use: a web font that failed or was never loaded is not.
const faces = attempt(() => {
  const states = new Map();
  for (const face of Array.from(document.fonts).slice(0, 2000)) {
    const family = face.family.replace(/["']/g, "").trim().toLowerCase();
    states.set(family, states.get(family) || face.status === "loaded" || face.status === "loading");
  }
  return states;
}, new Map());
const shown = new Map();
const rendered = (list) => {
  if (!shown.has(list)) {
    const families = list.slice(0, 500).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) || [];
    const kept = families.filter((name) => faces.get(name.replace(/["']/g, "").trim().toLowerCase()) !== false);
    shown.set(list, kept.map((name) => name.trim()).filter(Boolean).join(", "));
  }
  return shown.get(list);
};

// A coloured line under text in another colour.
const underline = (style) => {
  if (style.textDecorationLine.includes("underline") && style.textDecorationColor !== style.color)
    return style.textDecorationColor;
  const drawn = style.borderBottomStyle !== "none" && parseFloat(style.borderBottomWidth) >= 1;
  return drawn && alpha(style.borderBottomColor) >= 0.5 && style.borderBottomColor !== style.color ? style.borderBottomColor : "";
};

const HEADLINE_PX = 26;
const painted = new Map();
const texts = new Map();
const links = new Map();
const headings = new Map();
const headingFonts = new Map();
const bodyFonts = new Map();
for (const { style, rect, fill: colour, context, letters: count } of visible) {
  if (colour) tally(painted, colour, Math.round(rect.width * rect.height));
  if (!count) continue;
  const ink = style.color;
  tally(painted, ink, count);
  if (context.code || context.control) continue; // browsers give controls a font of their own
  const heading = context.heading || parseFloat(style.fontSize) >= HEADLINE_PX;
  if (heading && !context.link) tally(headings, ink, count);
  tally(heading ? headingFonts : bodyFonts, rendered(style.fontFamily), count);
  if (context.link) {
    const text = context.prose && !context.header && !context.footer && !context.aside;
    const line = underline(style);
    if (text && !colour) tally(links, line || ink, count);
    if (line) tally(painted, line, count);
  } else if (!heading) tally(texts, ink, count);
}

// The page's text, for its language and tone.
const prose = () => {
  let words = "";
  for (const { element, context } of visible) {
    if (words.length > 6000) break;
    if (!(context.prose || context.heading) || context.header || context.footer || context.code) continue;
    for (let node = element.firstChild; node; node = node.nextSibling)
      if (node.nodeType === 3) words += ` ${text(node.data, 400)}`;
  }
  return text(words, 4000);
};
// A consent page: one that asks for consent to tracking, and one that does nothing else.
const asksConsent = () => {
  const words = text(body.innerText, 4000);
  const title = `${document.title} ${all("h1, h2", 1).map((element) => element.textContent)}`.slice(0, 300);
  const answered = all(ACTION, 200).some((button) => ANSWER.test(label(button)));
  return { some: answered && TRACKING.test(words), only: TRACKING.test(title) && words.length < 3000 };
};
