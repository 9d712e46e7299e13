// Calls to action: filled, outlined, and white ones on a colour.
// "Sign in with …" buttons have the provider's colours.
const FOREIGN =
  /\b(google|facebook|apple|github|gitlab|microsoft|twitter|linkedin|whatsapp|telegram|paypal|pinterest|tweet|slack|discord|youtube|instagram|app store)\b/i;
const DESTRUCTIVE =
  /^(delete|remove|cancel|discard|log ?out|sign ?out|unsubscribe|stop|reset|clear|löschen|entfernen|abbrechen|abmelden|supprimer|annuler|eliminar|cancelar|borrar|elimina|annulla|excluir|verwijder|annuleren|usuń|删除|取消|削除|キャンセル|удалить)/i;
const byElement = new Map(visible.map((item) => [item.element, item]));
const fills = (item) => (item.fill ? [item.fill] : gradients(item.style));
const covers = (rect, outer) => rect.width * rect.height >= 0.7 * outer.width * outer.height;
const layer = (item, pseudo) => {
  const style = getComputedStyle(item.element, pseudo);
  if (style.content === "none" || style.position !== "absolute" || Number(style.opacity) < 0.5) return null;
  const size = { width: parseFloat(style.width), height: parseFloat(style.height) };
  const found = fills({ style, fill: fill(style) });
  return covers(size, item.rect) && found.length ? { ...item, fills: found, radius: style.borderTopLeftRadius } : null;
};
// The fills of a button: its own, its only child's, or a pseudo-element's behind the label.
const filledPart = (item) => {
  if (fills(item).length) return { ...item, fills: fills(item) };
  const child = item.element.firstElementChild;
  const part = child && byElement.get(child);
  if (part && covers(part.rect, item.rect) && fills(part).length) return { ...part, fills: fills(part) };
  return layer(item, "::before") || layer(item, "::after");
};
const outline = ({ style }) =>
  ["Top", "Right", "Bottom", "Left"].every((side) => parseFloat(style[`border${side}Width`]) >= 1) &&
  style.borderTopStyle === "solid" &&
  alpha(style.borderTopColor) >= 0.5
    ? style.borderTopColor
    : "";
// A link without a fill of its own, alone in a box that looks like a button, is pressed as the box.
const asButton = (item) => {
  const outer = byElement.get(parent(item.element));
  if (!outer || fills(item).length || !fills(outer).length || outer.element.childElementCount > 1) return item;
  return outer.rect.height <= 96 && outer.rect.width <= 480 ? { ...outer, style: outer.style, element: item.element } : item;
};
const call = (pressed) => {
  const item = asButton(pressed);
  const { element, rect, above } = item;
  const sized = rect.height >= 20 && rect.height <= 96 && rect.width >= 40 && rect.width <= 640;
  if (!sized || rect.top < 0 || rect.top >= 4 * SCREEN || element.disabled === true) return null;
  const filled = filledPart(item);
  const part = filled && filled.fills[0] !== above.backdrop ? filled : { ...item, fills: [] };
  const border = part.fills.length ? "" : outline(item);
  const name = label(element);
  if (!name || !(part.fills.length || border)) return null;
  return {
    element,
    colours: part.fills,
    border,
    text: pressed === item ? part.style.color : pressed.style.color,
    backdrop: above.backdrop,
    area: Math.round(part.rect.width * part.rect.height),
    radius: text(part.radius || part.style.borderTopLeftRadius, 40),
    height: Math.round(part.rect.height),
    top: Math.round(rect.top),
    place: above.header ? "header" : above.footer ? "footer" : "main",
    foreign: FOREIGN.test(name),
    layer: Boolean(above.layer),
    menu: Boolean(above.header) && Element.prototype.closest.call(element, "li") !== null,
    destructive: DESTRUCTIVE.test(name),
    label: name,
  };
};
// Three colours side by side, in buttons of similar size, distinguish the actions and are no brand colours.
const siblings = (element) => {
  const near = parent(element);
  return near && near.children.length === 1 ? parent(near) : near;
};
const isColour = (css) => {
  const [red, green, blue] = css.match(/[\d.]+/g).map(Number);
  return !css.startsWith("rgb") || Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
};
const markWalls = (found) =>
  found.map(({ element, ...rest }) => {
    const alike = found.filter(
      (other) => siblings(other.element) === siblings(element) && !other.foreign && other.colours.length && isColour(other.colours[0]),
    ).filter((other) => Math.max(other.area, rest.area) < 2.5 * Math.min(other.area, rest.area));
    const row = found.filter((other) => siblings(other.element) === siblings(element) && other.colours.length);
    return {
      ...rest,
      wall: new Set(alike.map((other) => other.colours[0])).size,
      follows: row.length > 0 && row[0].element !== element,
    };
  });
// Scripts turn any element into a button: one with the pointer cursor of its own, outside of links and buttons.
const isPressed = ({ element, style }) => {
  if (style.cursor !== "pointer" || Element.prototype.closest.call(element, `${ACTION}, label`)) return false;
  const outer = parent(element);
  return Boolean(outer) && getComputedStyle(outer).cursor !== "pointer";
};
const calls = () =>
  markWalls(
    visible
      .filter((item) => Element.prototype.matches.call(item.element, ACTION) || attempt(() => isPressed(item), false))
      .map((item) => attempt(() => call(item), null))
      .filter(Boolean),
  )
    .sort((a, b) => (a.top >= SCREEN) - (b.top >= SCREEN) || b.area - a.area)
    .slice(0, MAX_RECORDS);
