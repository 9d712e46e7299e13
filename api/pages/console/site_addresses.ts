// Addresses of websites in a pasted text or a file of a spreadsheet.

const NAME = "[\\p{L}\\p{N}_-]+";
// A top-level domain has letters: prices, versions and dates with dots are no addresses.
const HOST = `(?:(?:${NAME}\\.)+(?:\\p{L}{2,}|xn--[a-z0-9-]+)|localhost|\\d+(?:\\.\\d+){3})\\.?`;
const SITE = new RegExp(`^(?:https?://)?${HOST}(?::\\d+)?(?:[/?#]\\S*)?$`, "iu");
// A quoted cell may hold the separators.
const CELLS = /"[^"]*"|[^\s,;|"'<>]+/g;

export interface Reading {
  /** The addresses, each once, as they are written. */
  found: string[];
  /** Lines without any. */
  without: string[];
}

/** The addresses in a text, one or more a line. Cells that are no address are passed over. */
export function readAddresses(text: string): Reading {
  const found = new Map<string, string>();
  const without: string[] = [];
  for (const line of text.split(/[\r\n]+/)) {
    const all = cellsOf(line).filter(isAddress);
    if (!all.length && line.trim()) without.push(line.trim());
    // A site by http and by https is one site.
    for (const it of all) if (!found.has(keyOf(it))) found.set(keyOf(it), it);
  }
  return { found: [...found.values()], without };
}

function cellsOf(line: string): string[] {
  const cells = line.match(CELLS) ?? [];
  return cells.flatMap((it) => {
    if (!it.startsWith('"')) return [it];
    const inside = it.slice(1, -1).trim();
    return isAddress(inside) ? [inside] : inside.split(/[\s,;|'<>]+/);
  });
}

function isAddress(cell: string): boolean {
  return SITE.test(cell) && !cell.includes("@") && URL.canParse(whole(cell));
}

// The service finds out whether an address without a scheme is one of https or http.
function whole(address: string): string {
  return /^https?:/i.test(address) ? address : `https://${address}`;
}

function keyOf(address: string): string {
  const { host, pathname, search } = new URL(whole(address));
  return `${host}${pathname}${search}`;
}

/** The text of a file: UTF-8, or the UTF-16 that spreadsheets export as "Unicode text". */
export async function textOf(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  return new TextDecoder(mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8").decode(bytes);
}
