"""Makes data tables say as text what they show: icons in cells, cells over several rows and columns, two-row heads."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TABLES = 300
MAX_ICONS = 3_000
MAX_CELLS = 5_000
"""Cells of a table with spans; a larger one stays as it is."""
MAX_SPAN = 60
_TIPS = "data-tooltip", "data-title", "data-original-title", "data-bs-title", "data-tippy-content", "data-tip"
_INNER = (
    *("img", "svg", "[role=img]", "i", "input[type=checkbox]", "span[class*=icon]", "span[class*=fa-]", "span[title]"),
    *("span[aria-label]", "span[class*=glyph]", "span[class*=dashicon]", *(f"[{tip}]" for tip in _TIPS)),
)
_CELLS = "td", "th", "[role=cell]", "[role=gridcell]"
_ICONS = ", ".join(f"{cell} {inner}" for cell in _CELLS for inner in _INNER)
ICON_MARKS = b"<td", b"role=cell", b'role="cell"', b"role=gridcell", b'role="gridcell"'
"""Bytes of a source that may have icons in cells, in lower case."""
LIGATURE_MARKS = b"material-icons", b"material-symbols"
_LIGATURES = "[class*=material-icons], [class*=material-symbols]"
LIST_MARKS = tuple(
    f"{name}{end}".encode()
    for name in ("times", "cross", "xmark", "x", "close", "no", "minus", "remove")
    for end in ('"', "'", " ", ">")
)
_ITEMS = "li > i:first-child, li > svg:first-child, li > span:first-child, li > img:first-child"
_EMPTY_CELLS = "td[class*=yes i], td[class*=no i], td[class*=check i], td[class*=cross i], td[class*=included i]"
_YES = re.compile(
    r"(?:^|[\s_-])(?:check|checked|tick|yes|included|available|done|ok|true|checkmark)(?:$|[\s_-])", re.IGNORECASE
)
_NO = re.compile(
    r"(?:^|[\s_-])(?:times|xmark|cross|close|no|minus|dash|false|x|ban|remove|cancel|clear|not|unavailable|excluded)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_DRAWN_YES = re.compile(
    r"m4\.5 12\.75|M5 13l4 4L19 7|M20 6 ?9 ?17|20 6 9 17 4 12|M16\.704 4\.153|M16\.707 5\.293|m5 12 5 5L20|M5 12l5 5"
    r"|M19\.916 4\.626|M9 16\.17|M9 16\.2|M173\.898 439|M438\.6 105|M10\.97 4\.97|M13\.854 3\.646|M12\.736 3\.97"
)
_DRAWN_NO = re.compile(
    r"M6 18 ?L? ?18 6|M18 6 ?L?6 18|M6\.28 5\.22|M4\.293 4\.293|M6 6 ?L?18 18|m6 6 12 12|M19 6\.41|M5\.47 5\.47"
    r"|M242\.72 256|M342\.6 150|M4\.646 4\.646|M2\.146 2\.854|M18\.3 5\.71|M5 12h14|M20 12H4"
)
"""How the paths of the usual libraries' check marks and crosses begin: Heroicons, Feather, Lucide, Material, Font
Awesome, Bootstrap."""
_SPANS = "td[rowspan], th[rowspan], td[colspan], th[colspan]"
_HEAD_ROWS = 3


def name_icons(tree: LexborHTMLParser) -> None:
    """Write in cells without text what their icon stands for."""
    once = {node.mem_id: node for node in tree.css(_ICONS)[:MAX_ICONS]}
    silent: dict[int, bool] = {}
    for icon in reversed(once.values()):
        cell = _cell_of(icon)
        if cell is None:
            continue
        if cell.mem_id not in silent:
            silent[cell.mem_id] = not _has_text(cell)
        if silent[cell.mem_id] and (name := _name_of(icon)):
            # Another icon may follow, or have been written already.
            icon.insert_before(f" {name} ")

    for cell in tree.css(_EMPTY_CELLS)[:MAX_ICONS]:
        # Drawn by a style sheet.
        if cell.child is None and (name := _name_of(cell)):
            cell.insert_child(name)


def name_ligatures(tree: LexborHTMLParser) -> None:
    """Replace icons that a font draws in the place of their names: the name is no text."""
    for icon in tree.css(_LIGATURES)[:MAX_ICONS]:
        name = icon.text(strip=True)
        if re.fullmatch(r"[a-z0-9_]{2,40}", name):
            sign = "✗" if _NO.search(name) else "✓" if _YES.search(name) else ""
            icon.replace_with(sign if sign and _cell_of(icon) is not None else " ")


def name_list_icons(tree: LexborHTMLParser) -> None:
    """Write check marks and crosses before the items of lists that have both: what a plan has, and what it lacks."""
    lists: dict[int, list[tuple[LexborNode, str]]] = {}
    for icon in tree.css(_ITEMS)[:MAX_ICONS]:
        item = icon.parent
        if item is not None and item.parent is not None and not icon.text(strip=True) and (name := _name_of(icon)):
            lists.setdefault(item.parent.mem_id, []).append((icon, name))
    for icons in lists.values():
        if {"✓", "✗"} <= {name for _, name in icons}:
            for icon, name in icons:
                icon.insert_before(f"{name} ")


def _has_text(cell: LexborNode) -> bool:
    """Whether the cell has text besides titles of drawings."""
    return len(cell.text(strip=True)) > sum(len(drawing.text(strip=True)) for drawing in cell.css("svg"))


def _cell_of(node: LexborNode) -> LexborNode | None:
    parent = node.parent
    for _ in range(6):
        if parent is None or parent.tag in ("td", "th") or "cell" in (parent.attributes.get("role") or ""):
            return parent
        parent = parent.parent
    return None


def _name_of(icon: LexborNode) -> str:
    attributes = icon.attributes
    title = icon.css_first("title, desc") if icon.tag == "svg" else None
    said = (
        attributes.get("alt")
        or attributes.get("aria-label")
        or attributes.get("title")
        or next((tip for name in _TIPS if (tip := attributes.get(name))), "")
        or (title.text(strip=True) if title else "")
    )
    if said:
        return said.strip()
    if icon.tag == "input":
        return "✓" if "checked" in attributes else "✗" if "disabled" in attributes else ""
    names = _names(icon)
    if icon.tag == "svg" and not (_NO.search(names) or _YES.search(names)):
        return _drawn(icon)
    return "✗" if _NO.search(names) else "✓" if _YES.search(names) else ""


def _drawn(icon: LexborNode) -> str:
    """Return the sign that a drawing without a name shows, by its lines; empty if it is none of the usual ones."""
    lines = " ".join(
        part.attributes.get("d") or part.attributes.get("points") or "" for part in icon.css("path, polyline")
    )
    return "✓" if _DRAWN_YES.search(lines) else "✗" if _DRAWN_NO.search(lines) else ""


def _names(icon: LexborNode) -> str:
    """Return the classes of the icon, or the name of the drawing or picture that it shows."""
    if icon.tag == "img":
        return (icon.attributes.get("src") or "").rpartition("/")[2].partition(".")[0]
    use = icon.css_first("use") if icon.tag == "svg" else None
    drawing = (use.attributes.get("href") or use.attributes.get("xlink:href") or "") if use else ""
    return f"{icon.attributes.get('class') or ''} {drawing.rpartition('#')[2]}"


def fill_spans(tree: LexborHTMLParser) -> None:
    """Write cells that span rows or columns into each of them, and join the rows of a head."""
    tables: dict[int, LexborNode] = {}
    for cell in tree.css(_SPANS)[: MAX_TABLES * 10]:
        table = cell.parent
        while table is not None and table.tag != "table":
            table = table.parent
        if table is not None:
            tables.setdefault(table.mem_id, table)
    for table in list(tables.values())[:MAX_TABLES]:
        if table.css_first("table table, td div > p, td h1, td h2, td h3, td form, td pre") is None:
            _fill(tree, table)


def _fill(tree: LexborHTMLParser, table: LexborNode) -> None:
    rows = table.css("tr")
    grid = _grid(rows)
    if grid is None:
        return
    heads = _head_rows(rows, grid)
    for at, row in enumerate(rows):
        if heads > 1 and 0 < at < heads:
            row.decompose()
            continue
        cells = grid[at]
        if heads > 1 and at == 0:
            row.inner_html = "".join(
                f"<th>{_joined([grid[head][column] for head in range(heads)])}</th>" for column in range(len(cells))
            )
        else:
            row.inner_html = "".join(f"<{tag}>{inner}</{tag}>" for tag, inner in cells)


def _grid(rows: list[LexborNode]) -> list[list[tuple[str, str]]] | None:
    """Return tag and content of each cell with spans filled; None if the table is too large."""
    grid: list[dict[int, tuple[str, str]]] = [{} for _ in rows]
    total = 0
    for at, row in enumerate(rows):
        column = 0
        for cell in row.iter():
            if cell.tag not in ("td", "th"):
                continue
            while column in grid[at]:
                column += 1
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            content = (cell.tag, cell.inner_html or "")
            # A line over the whole table is a title within it, not a value of each column.
            repeated = down > 1 or cell.tag == "th" or across <= 3
            for below in range(at, min(at + down, len(rows))):
                for beside in range(column, column + across):
                    grid[below].setdefault(beside, content if repeated or beside == column else (cell.tag, ""))
                    total += 1
            if total > MAX_CELLS:
                return None
            column += across
    return [[row[column] for column in sorted(row)] for row in grid]


def _span(cell: LexborNode, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(max(int(value), 1), MAX_SPAN) if value.isdecimal() and len(value) < 5 else 1


def _head_rows(rows: list[LexborNode], grid: list[list[tuple[str, str]]]) -> int:
    """Return how many rows make the head: rows of `th` alone, of equal length, the first with a span."""
    count = 0
    for row, cells in zip(rows[:_HEAD_ROWS], grid, strict=False):
        if not cells or any(tag != "th" for tag, _ in cells) or len(cells) != len(grid[0]):
            break
        count += 1
        if row.css_first("[rowspan], [colspan]") is None:
            break
    return count if count > 1 and count < len(rows) else 1


def _joined(cells: list[tuple[str, str]]) -> str:
    return " ".join(dict.fromkeys(inner.strip() for _, inner in cells if inner.strip()))
