// Turns a theme into a style sheet. Only values of the forms below reach the page, whatever the theme contains.

import type { Theme, Tokens } from "./types";

export const COLOUR = /^#[\da-f]{6}$/i;
/** Colours, lengths, font names, `rgb()`: nothing that could load a URL or end a declaration. */
const VALUE = /^([#\p{L}\p{N} ,._-]|"[\p{L}\p{N} ._-]*"|'[\p{L}\p{N} ._-]*'|rgb\([\d ./%]+\)){1,300}$/u;

function declarations(tokens?: Tokens | null): string {
  return Object.entries(tokens ?? {})
    .filter(([name, value]) => /^--aw-[a-z\d-]+$/.test(name) && VALUE.test(value))
    .map(([name, value]) => `${name}:${value};`)
    .join("");
}

/** CSS rules with the theme's variables. */
export function themeRules({ scheme, tokens }: Theme): string {
  const [light, dark] = ["light", "dark"].map((it) => `:host{color-scheme:${it};${declarations(tokens?.[it])}}`);
  if (scheme === "auto") return `${light}@media(prefers-color-scheme:dark){${dark}}`;
  return scheme === "dark" ? dark! : light!;
}

/** The theme with a page script's changes; `brand` has the variables of another brand colour, as the service derives them. */
export function changedTheme(theme: Theme, change: Theme, brand?: Theme["tokens"]): Theme {
  const tokens: Record<string, Tokens> = {};
  for (const scheme of ["light", "dark"]) {
    const colours = Object.entries(brand?.[scheme] ?? {}).filter(([, value]) => COLOUR.test(value));
    tokens[scheme] = { ...theme.tokens?.[scheme], ...Object.fromEntries(colours), ...change.tokens?.[scheme] };
  }
  return { ...theme, ...change, tokens };
}
