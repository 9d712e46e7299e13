// Turns a theme into a style sheet. Only values of the forms below reach the page, whatever the theme contains.

import type { Theme, Tokens } from "./types";

const COLOUR = /^#[\da-f]{6}$/i;
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

function isLight(colour: string): boolean {
  const linear = (at: number): number => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
  return 0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5) > 0.179;
}

/** The theme with a page script's changes: single tokens, or `primary`, which also sets a legible text colour. */
export function changedTheme(theme: Theme, change: Theme & { primary?: string }): Theme {
  const { primary = "" } = change;
  const brand: Tokens = {};
  if (COLOUR.test(primary)) {
    const ink = isLight(primary) ? "#000000" : "#ffffff";
    for (const name of ["primary", "primary-hover", "user-bg"]) brand[`--aw-${name}`] = primary;
    for (const name of ["on-primary", "user-text"]) brand[`--aw-${name}`] = ink;
  }
  const tokens: Record<string, Tokens> = {};
  for (const scheme of ["light", "dark"]) {
    tokens[scheme] = { ...theme.tokens?.[scheme], ...brand, ...change.tokens?.[scheme] };
  }
  return { ...theme, ...change, tokens };
}
