"""CSV for spreadsheets, in which no cell is a formula.

Programs take a cell that begins with one of these characters for a formula (OWASP, "CSV Injection"), also behind
spaces, and in its full-width form.
"""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
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
    text = "" if cell is None else str(cell)
    # The apostrophe makes it text; programs do not show it.
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
