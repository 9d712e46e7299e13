"""What is asked of a loaded page before a theme is derived from it.

It reads only: the page is not changed. It waits for styles that are on their way; from then on work is bounded by
counts, never by a clock, so that the same page gives the same answer on a slow machine. The page may be hostile
(clobbered names, replaced built-ins, absurd values): every part stands alone, and what it returns is checked again
by `tasks.brand.probe_reading`.
"""

from importlib.resources import files
from typing import Final

_PARTS = ("ready", "common", "left_out", "walk", "type", "calls", "grounds", "declared", "marks", "answer")
"""Parts of one function body; each uses what those before it define."""


def _assemble() -> str:
    folder = files("tasks.brand") / "in_page"
    return "async (scheme) => {\n" + "\n".join((folder / f"{part}.js").read_text("utf-8") for part in _PARTS) + "}"


PROBE: Final = _assemble()
"""A JavaScript function for Playwright's `page.evaluate`, at 1440×900, with `"light"` or `"dark"`.

It returns a JSON object with the looks of the page, for `tasks.brand.derived_theme.derive_theme`, and looks at no more
than 3,000 elements. In the dark scheme it returns what changes: backgrounds and texts.
"""
