"""Tabs that eat up the machine's memory die alone, before the machine does."""

import asyncio
import contextlib
import logging

import psutil
from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

logger = logging.getLogger("widget_builder.web")

MAX_TAB_BYTES = 1_200_000_000
"""Resident memory of one tab's process; large pages take about a quarter of that."""
EVERY_S = 0.5


async def guard(browser: CDPSession) -> None:
    """Watch the browser's processes until it ends: what grows too large is killed, which its page sees as a crash."""
    with contextlib.suppress(PlaywrightError):
        while True:
            await asyncio.sleep(EVERY_S)
            processes = (await browser.send("SystemInfo.getProcessInfo"))["processInfo"]
            for process in processes:
                if process["type"] == "renderer":
                    _check(process["id"])


def _check(pid: int) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if (size := process.memory_info().rss) > MAX_TAB_BYTES:
            logger.warning("a page took %d MB of memory: its tab was ended", size // 1_000_000)
            process.kill()
