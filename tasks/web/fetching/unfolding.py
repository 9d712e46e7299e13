"""What scrolling and unfolding shows of a page, written down as HTML."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Error as PlaywrightError

from tasks.web.fetching.isolation import World

MAX_GROWTHS = 3
"""Times a page that grows when scrolled to its end is scrolled on."""

# Playwright and Chromium say it in words only.
_MOVED = (
    "context was destroyed",
    "is navigating",
    "No resource with given identifier",
    "No data found for resource",
    "Cannot find context",
    "navigated or closed",
    "No frame for given id",
    "Not attached to an active page",
)

Rest = Callable[[], Awaitable[None]]
"""Returns when the page has come to rest."""


def has_moved(error: PlaywrightError) -> bool:
    """Whether it says that the tab has gone on to another page."""
    return any(words in error.message for words in _MOVED)


async def unfold(world: World, max_bytes: int, rest: Rest, is_here: Callable[[], bool]) -> tuple[dict[str, Any], bool]:
    """The page as HTML with all that is further down or folded away; and whether looking for that led away from it.

    `is_here`: whether the tab has got no other document since.
    """
    for _ in range(MAX_GROWTHS):
        if not (await world.call("scroll"))["grew"]:
            break
        await rest()
    folded = (await world.call("reveal"))["toPress"]
    before = await world.call("snapshot", max_bytes)
    if not folded:
        return before, False
    try:
        if (await world.call("press"))["left"]:
            return before, True
        await rest()
        after = await world.call("snapshot", max_bytes)
        return (after, False) if is_here() else (before, True)
    except PlaywrightError as error:
        if has_moved(error):
            return before, True
        raise
