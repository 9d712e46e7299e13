"""The script that runs in a loaded page and collects its brand evidence.

It only reads and does not change the page. It waits for style sheets that are still loading; after that its work is
limited by counts, never by time, so that the same page gives the same result on a slow machine. The page may be hostile
(clobbered names, replaced built-ins, absurd values): a failure in one part does not affect the others, and
`tasks.brand.probe_reading` validates the result.
"""

from importlib.resources import files
from typing import Final

_PARTS = ("ready", "common", "left_out", "walk", "type", "calls", "grounds", "declared", "marks", "answer")
"""Parts of one function body; each uses the definitions of the parts before it."""


def _assemble() -> str:
    folder = files("tasks.brand") / "in_page"
    return "async (scheme) => {\n" + "\n".join((folder / f"{part}.js").read_text("utf-8") for part in _PARTS) + "}"


PROBE: Final = _assemble()
"""A JavaScript function for Playwright's `page.evaluate`, at 1440×900, with `"light"` or `"dark"`.

It returns a JSON object with the page's brand evidence, for `tasks.brand.derived_theme.derive_theme`, and visits at
most 3,000 elements. In the dark scheme it returns only backgrounds and text colours, which are all that changes.
"""
