"""Waits for a page to settle: its document no longer changes, and no request is open that could change it."""

import asyncio

from tasks.web.fetching.isolation import World
from tasks.web.fetching.traffic import Traffic

QUIET_MS = 150
"""Milliseconds without a change after which a page has settled …"""
QUIET_APP_MS = 300
"""… and the same if its scripts fetch data."""
SETTLE_S = 3.0
"""Longest wait for a page that keeps changing, or that looks empty."""
LOAD_S = 10.0
"""Longest wait for requests of its scripts; also limited to half the page's timeout."""


async def settle(world: World, traffic: Traffic, limit_s: float) -> bool:
    """Wait until the page has settled, for at most `limit_s`; return whether it has.

    Requests still open at the limit are ignored from then on.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    while (passed := clock() - began) < limit_s:
        started = traffic.started
        quiet_ms = QUIET_APP_MS if traffic.asks_for_data else QUIET_MS
        state = await world.call("settle", quiet_ms, max(quiet_ms, 1000 * (SETTLE_S - passed)))
        if not traffic.is_quiet:
            await traffic.next_change(limit_s - (clock() - began))
        elif clock() - began >= SETTLE_S or (traffic.started == started and not state["unfinished"]):
            return True
    traffic.give_up()
    return False
