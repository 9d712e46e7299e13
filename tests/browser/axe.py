"""The accessibility checker axe, as a script for pages."""

from functools import cache
from pathlib import Path

from playwright.async_api import Page


@cache
def axe_source() -> str:
    """The accessibility checker."""
    return (Path(__file__).parents[2] / "api/pages/node_modules/axe-core/axe.min.js").read_text()


async def load_axe(page: Page) -> None:
    """Load the checker into each frame of the page that has not got it: half a megabyte to compile."""
    for frame in page.frames:
        if not await frame.evaluate("'axe' in window"):
            await frame.evaluate(axe_source())
