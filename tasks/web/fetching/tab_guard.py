"""Kills tabs that use too much memory, before the machine runs out of it."""

import asyncio
import contextlib
import logging

import psutil
from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

logger = logging.getLogger("widget_builder.web")

MAX_TAB_BYTES = 1_200_000_000
"""Limit of a tab process's resident memory; large pages use about a quarter of it."""
CHECK_INTERVAL_S = 0.5


async def limit_tab_memory(browser: CDPSession) -> None:
    """Watch the browser's tab processes until it ends, and kill those over the limit; their pages report a crash."""
    with contextlib.suppress(PlaywrightError):
        while True:
            await asyncio.sleep(CHECK_INTERVAL_S)
            processes = (await browser.send("SystemInfo.getProcessInfo"))["processInfo"]
            for process in processes:
                if process["type"] == "renderer":
                    _kill_if_too_large(process["id"])


def _kill_if_too_large(pid: int) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if (size := process.memory_info().rss) > MAX_TAB_BYTES:
            logger.warning("killed a tab: its page used %d MB of memory", size // 1_000_000)
            process.kill()
