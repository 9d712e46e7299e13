"""What is asked of a loaded page before a theme is derived from it."""

from importlib.resources import files
from typing import Final

PROBE: Final = files("tasks.brand").joinpath("probe.js").read_text("utf-8")
"""A JavaScript function for Playwright's `page.evaluate`, at 1440×900.

It returns a JSON object with the looks of the page, for `tasks.brand.theme.derive_theme`; it changes nothing
on the page and looks at no more than 3,000 elements.
"""
