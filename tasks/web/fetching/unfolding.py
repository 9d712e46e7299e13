"""Scrolls and unfolds a page, and returns its HTML."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Error as PlaywrightError

from tasks.web.fetching.browser_errors import has_navigated
from tasks.web.fetching.isolation import World

MAX_GROWTHS = 3
"""Scrolls to the end of a page that keeps growing (infinite scroll)."""

Settle = Callable[[], Awaitable[None]]
"""Waits until the page has settled."""


async def unfold(
    world: World, max_bytes: int, settle: Settle, is_here: Callable[[], bool]
) -> tuple[dict[str, Any], bool]:
    """Return a snapshot of the page with lazy and folded content, and whether unfolding left the page.

    `is_here` returns whether the tab still shows the same document.
    """
    for _ in range(MAX_GROWTHS):
        if not (await world.call("scroll"))["grew"]:
            break
        await settle()
    folded = (await world.call("reveal"))["toPress"]
    before = await world.call("snapshot", max_bytes)
    if not folded:
        return before, False
    try:
        if (await world.call("press"))["left"]:
            return before, True
        await settle()
        after = await world.call("snapshot", max_bytes)
        return (after, False) if is_here() else (before, True)
    except PlaywrightError as error:
        if has_navigated(error):
            return before, True
        raise
