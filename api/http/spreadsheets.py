"""CSV for spreadsheets, in which no cell is a formula.

Programs take a cell that begins with one of these characters for a formula (OWASP, "CSV Injection"), also behind
spaces, and in its full-width form. Where a semicolon separates cells, as in many countries, the quotes do not hold a
cell together: its parts behind a semicolon, a tab or a new line are cells as well.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LATER_FORMULA = re.compile(r"([;\t\r\n] *)(?=[=+\-@＝＋－＠])")
_ITEM = re.compile(r"(?m)^( *)- (?=\S)")
"""The mark of a list's item, which would be a sign."""
BYTE_ORDER_MARK = "\ufeff"
"""At the start of a file; without it, Excel reads UTF-8 as the system's own encoding."""


def csv_rows(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as CSV (RFC 4180), every cell quoted."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [[_plain(cell) for cell in row] for row in rows]
    )
    return text.getvalue()


def _plain(cell: object) -> str:
    text = "" if cell is None else _ITEM.sub(r"\1• ", str(cell))
    # The apostrophe makes it text; programs do not show it.
    later = _LATER_FORMULA.sub(r"\1'", text)
    return f"'{later}" if text.lstrip(" ").startswith(_FORMULA) else later
