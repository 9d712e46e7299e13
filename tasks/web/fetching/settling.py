"""When a page has come to rest: its document still, and nothing under way that would change it."""

import asyncio

from tasks.web.fetching.isolation import World
from tasks.web.fetching.traffic import Traffic

QUIET_MS = 150
"""A page that has not changed for so long has settled …"""
QUIET_APP_MS = 300
"""… or for so long, if its scripts fetch data."""
SETTLE_S = 3.0
"""The longest we wait for a page that keeps changing, or that looks empty."""
LOAD_S = 10.0
"""The longest we wait for what its scripts fetch; half the page's time at most."""


async def settle(world: World, traffic: Traffic, limit_s: float) -> bool:
    """Return when the page has come to rest, after `limit_s` at the latest; whether it has.

    What it was still waiting for then is not waited for again.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    while (passed := clock() - began) < limit_s:
        begun = traffic.begun
        quiet_ms = QUIET_APP_MS if traffic.asks_for_data else QUIET_MS
        state = await world.call("settle", quiet_ms, max(quiet_ms, 1000 * (SETTLE_S - passed)))
        if not traffic.is_quiet:
            await traffic.next_change(limit_s - (clock() - began))
        elif clock() - began >= SETTLE_S or (traffic.begun == begun and not state["unfinished"]):
            return True
    traffic.give_up()
    return False
