"""Playwright's driver, a Node.js process that starts Chromium: both run without our environment, which has secrets.

Deviation from Playwright 1.65: it copies the whole environment to its driver, and has no option to choose.
"""

import os

from playwright._impl import transport
from playwright._impl._driver import get_driver_env
from playwright.async_api import Playwright, async_playwright

from tasks.core.child_environment import bare_environment


def _bare_driver_environment() -> dict[str, str]:
    added = {name: value for name, value in get_driver_env().items() if name not in os.environ}
    return bare_environment(os.environ) | added


async def start_driver() -> Playwright:
    """Start the driver; the caller stops it."""
    transport.get_driver_env = _bare_driver_environment  # type: ignore[attr-defined]
    return await async_playwright().start()
