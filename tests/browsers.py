"""The Chromium of visitors and operators: one a process of tests, without the product's gate to the web.

And the driver that starts it, a Node.js process: one a process of tests too, which builds in that process share. The
start of a driver costs half a second of processor time, as much as that of a browser.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, BrowserType, Playwright

from tasks.core.settings import load_settings
from tasks.web.fetching import chromium as builds
from tasks.web.fetching.browser_driver import start_driver
from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.chromium_switches import DISABLED_FEATURES

FLAGS = ["--no-sandbox", "--disable-gpu", DISABLED_FEATURES]


@dataclass
class SharedDriver:
    """A driver that starts when it is first needed."""

    loop: asyncio.AbstractEventLoop
    started: "asyncio.Task[Playwright] | None" = None

    async def open(self) -> Playwright:
        """Return the running driver."""
        if self.started is None:
            self.started = asyncio.create_task(start_driver())
        # A test that is cancelled leaves it to the others.
        return await asyncio.shield(self.started)

    async def lend(self) -> "Playwright | LentDriver":
        """Return the driver for a build; a loop of its own needs a driver of its own."""
        if asyncio.get_running_loop() is not self.loop:
            return await start_driver()
        return LentDriver((await self.open()).chromium)

    async def close(self) -> None:
        """Stop the driver if it has been started."""
        if self.started is not None:
            await (await self.started).stop()


@dataclass(frozen=True)
class LentDriver:
    """The driver as a build sees it."""

    chromium: BrowserType

    async def stop(self) -> None:
        """Leave it running for the others."""


def browser_path() -> str:
    """Return the path of the browser that the product would use."""
    path = find_browser(load_settings(_env_file=None))
    assert path is not None
    return path


@pytest.fixture(scope="session", autouse=True)
async def driver() -> AsyncIterator[SharedDriver]:
    """The driver of all browsers that this process starts."""
    shared = SharedDriver(asyncio.get_running_loop())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builds, "start_driver", shared.lend)
        yield shared
    await shared.close()


@pytest.fixture(scope="session")
async def chromium(driver: SharedDriver) -> AsyncIterator[Browser]:
    """A running browser; each test has a context of its own."""
    browser = await (await driver.open()).chromium.launch(executable_path=browser_path(), args=FLAGS)
    yield browser
    await browser.close()


@pytest.fixture
def own_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds start drivers of their own: for tests of the driver, and of browsers that only its end may close."""
    monkeypatch.setattr(builds, "start_driver", start_driver)
