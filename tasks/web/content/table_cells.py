"""Makes data tables say as text what they show: icons in cells, cells over several rows and columns, two-row heads."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TABLES = 300
MAX_ICONS = 3_000
MAX_CELLS = 5_000
"""Cells of a table with spans; a larger one stays as it is."""
MAX_SPAN = 60
_ICONS = (
    "td img, td svg, td [role=img], td i, td input[type=checkbox], th img, th svg, th [role=img], th i,"
    " td span[class*=icon], td span[class*=fa-], td span[title], td span[aria-label]"
)
_YES = re.compile(r"(?:^|[\s_-])(?:check|checked|tick|yes|included|available|done|ok|true)(?:$|[\s_-])", re.IGNORECASE)
_NO = re.compile(r"(?:^|[\s_-])(?:times|xmark|cross|close|no|minus|dash|false|x|ban)(?:$|[\s_-])", re.IGNORECASE)
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


def _has_text(cell: LexborNode) -> bool:
    """Whether the cell has text besides titles of drawings."""
    return len(cell.text(strip=True)) > sum(len(drawing.text(strip=True)) for drawing in cell.css("svg"))


def _cell_of(node: LexborNode) -> LexborNode | None:
    parent = node.parent
    for _ in range(6):
        if parent is None or parent.tag in ("td", "th"):
            return parent
        parent = parent.parent
    return None


def _name_of(icon: LexborNode) -> str:
    attributes = icon.attributes
    title = icon.css_first("title") if icon.tag == "svg" else None
    said = (
        attributes.get("alt")
        or attributes.get("aria-label")
        or attributes.get("title")
        or (title.text(strip=True) if title else "")
    )
    if said:
        return said.strip()
    if icon.tag == "input":
        return "✓" if "checked" in attributes else "✗" if "disabled" in attributes else ""
    names = _names(icon)
    return "✓" if _YES.search(names) else "✗" if _NO.search(names) else ""


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
