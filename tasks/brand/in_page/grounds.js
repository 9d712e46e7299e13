// Surfaces (header, hero, footer) and backgrounds.
const total = () => {
  return { width: root.scrollWidth, height: Math.max(root.scrollHeight, SCREEN) };
};
const place = ({ element, context, rect }) => {
  if (context.footer) return "footer";
  const top = rect.top + scrollY;
  if (top < 120 && rect.height >= 24 && rect.height <= 220)
    return context.header || holds(element, "nav, header, img, svg, h1") ? "header" : "bar";
  if (top < SCREEN && rect.height >= 24 && rect.height <= 160 && context.header && holds(element, "a[href]")) return "header";
  if (top < 700 && rect.height > 120 && rect.height < 1400) return "hero";
  return null;
};
const surfaces = () => {
  const footers = all("footer, [role=contentinfo]", 4).map((element) => {
    const style = getComputedStyle(element);
    return { element, style, rect: box(element), fill: fill(style), context: { footer: true } };
  });
  const known = new Set(visible.map(({ element }) => element));
  const page = total();
  return [...visible, ...footers.filter(({ element }) => !known.has(element))]
    .filter(({ fill: colour, rect }) => colour && rect.width >= 0.6 * WIDTH && rect.height >= 24)
    .filter(({ rect }) => rect.height < 0.6 * page.height)
    .map((item) => ({
      colour: item.fill,
      place: place(item),
      area: Math.round(item.rect.width * Math.min(item.rect.height, SCREEN)),
    }))
    .filter((surface) => surface.place)
    .slice(0, MAX_RECORDS);
};
// Visible backgrounds by area: boxes are painted over one another on a coarse grid, in document order.
const CELL = 30;
const MAX_ROWS = 240;
const backgrounds = () => {
  const page = total();
  const [columns, rows] = [Math.ceil(WIDTH / CELL), Math.min(MAX_ROWS, Math.ceil(page.height / CELL))];
  const cells = new Int32Array(columns * rows);
  const paints = [null];
  const paint = (rect, what) => {
    const index = paints.push(what) - 1;
    const left = Math.max(0, Math.round((rect.left + scrollX) / CELL));
    const right = Math.min(columns, Math.round((rect.right + scrollX) / CELL));
    const bottom = Math.min(rows, Math.round((rect.bottom + scrollY) / CELL));
    for (let row = Math.max(0, Math.round((rect.top + scrollY) / CELL)); row < bottom; row += 1)
      cells.fill(index, row * columns + left, Math.max(row * columns + left, row * columns + right));
  };
  const everything = { left: 0, top: 0, right: WIDTH, bottom: page.height };
  const PICTURES = new Set(["img", "video", "canvas", "picture", "iframe", "svg"]);
  for (const { element, style, rect } of visible) {
    if (style.position === "fixed" && !holds(element, "main, h1, nav")) continue;
    const frame = element === body || element === root;
    const colours = fill(style) ? [fill(style)] : gradients(style);
    const picture = PICTURES.has(element.localName) || style.backgroundImage.includes("url(");
    if (rect.width * rect.height < 4 * CELL * CELL || (!colours.length && !picture)) continue;
    paint(frame ? everything : rect, picture ? [] : colours);
  }
  const areas = new Map();
  for (const index of cells) for (const colour of paints[index] || []) tally(areas, colour, 1 / paints[index].length);
  const bare = cells.reduce((count, index) => count + (index === 0), 0);
  const { colorScheme } = getComputedStyle(root);
  // The canvas of a page that asks for the dark scheme only, as Chromium paints it.
  const dark = /dark/.test(colorScheme) && (!/light/.test(colorScheme) || matchMedia("(prefers-color-scheme: dark)").matches);
  return {
    colours: largest(areas, 8, asColour),
    bare: bare,
    canvas: dark ? "rgb(18, 18, 18)" : "",
    cells: cells.length,
  };
};
