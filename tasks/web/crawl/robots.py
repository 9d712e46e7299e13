"""robots.txt, by RFC 9309: asked for once a host and build, before any page of it.

| its answer | what follows |
|---|---|
| 2xx | its rules hold; the first 500 KiB are read |
| 4xx except 429, or more redirects than we follow | there are none |
| 429, 5xx, none in time | nothing of the host may be fetched, to the end of the build |
| none: no connection, no such host, no valid certificate | the page fails with that cause; the next one asks again |

That nothing may be fetched is told as the page's failure, with the cause; a start page of which that is so
fails the build.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.core.settings import PRODUCT

MAX_BYTES = 500 * 1024
"""Read of a robots.txt (RFC 9309 §2.5 asks for at least that)."""
MAX_DELAY_S = 5.0
"""The longest `Crawl-delay` that is kept to: sites copy longer ones from each other, and people wait for the build."""
TRIES = 3
RETRY_S = 0.5
"""Before the second try; twice as long before the third."""

logging.getLogger("protego").setLevel(logging.ERROR)


@dataclass(frozen=True)
class RobotsAnswer:
    """What a host answered."""

    status: int
    body: bytes


Ask = Callable[[str], Awaitable[RobotsAnswer]]
"""Fetches a robots.txt, redirects followed; raises PageError if there is no answer."""


class Rules:
    """What a host lets us do."""

    def __init__(self, text: str = "", *, refusal: str = "") -> None:
        """`refusal`: why nothing may be fetched."""
        self._parser = Protego.parse(text)
        self._refusal = refusal

    def check(self, url: str) -> None:
        """Return if the URL may be fetched.

        Raises:
            PageSkipped: the rules forbid it.
            FetchFailed: the rules are out of reach, so nothing may be.
        """
        if self._refusal:
            raise FetchFailed(f"robots.txt is out of reach, so nothing may be fetched: {self._refusal}")
        if not self._parser.can_fetch(url, PRODUCT):
            raise PageSkipped("robots", "robots.txt forbids it")

    @property
    def delay_s(self) -> float:
        """Least seconds between two requests, as far as we wait."""
        delay = self._parser.crawl_delay(PRODUCT) or 0.0
        rate = self._parser.request_rate(PRODUCT)
        if rate and rate.requests:
            delay = max(delay, rate.seconds / rate.requests)
        return min(max(delay, 0.0), MAX_DELAY_S)

    @property
    def sitemaps(self) -> list[str]:
        """Sitemaps the host names."""
        return list(self._parser.sitemaps)


class Robots:
    """The rules of all hosts of a build."""

    def __init__(self, ask: Ask, *, obey: bool) -> None:
        """`obey` off: nothing is forbidden, and robots.txt is read for its sitemaps alone."""
        self._ask = ask
        self._obey = obey
        self._rules: dict[str, asyncio.Future[Rules]] = {}

    async def check(self, url: str) -> None:
        """Return if the URL may be fetched.

        Raises:
            PageSkipped: the rules forbid it.
            FetchFailed: the rules are out of reach, so nothing may be.
        """
        if self._obey:
            (await self.rules_for(url)).check(url)

    async def delay_s(self, url: str) -> float:
        """Least seconds between two requests to the URL's host."""
        return (await self.rules_for(url)).delay_s if self._obey else 0.0

    async def rules_for(self, url: str) -> Rules:
        """The rules of the URL's host; who comes while they are being fetched waits for them.

        Raises:
            PageError: the host cannot be reached.
        """
        parts = urlsplit(url)
        address = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        if address not in self._rules:
            self._rules[address] = asyncio.ensure_future(self._read(address))
        reading = self._rules[address]
        try:
            return await asyncio.shield(reading)
        except PageError as error:
            if self._rules.get(address) is reading:
                del self._rules[address]
            if type(error) is FetchFailed:
                raise FetchFailed(f"robots.txt: {error}", retriable=error.retriable) from error
            raise

    async def _read(self, address: str) -> Rules:
        status = 0
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(RETRY_S * 2 ** (attempt - 1))
            try:
                answer = await self._ask(address)
            except FetchTimeout as error:
                return Rules(refusal=error.message)
            except PageSkipped as error:
                return Rules(refusal=error.message)
            except FetchFailed as error:
                if "redirect" in error.message:
                    return Rules()
                raise
            if (status := answer.status) != 429 and status < 500:
                return Rules(_text(answer.body) if 200 <= status < 300 else "")
        return Rules(refusal=f"HTTP {status}")


def _text(body: bytes) -> str:
    """What is read of a robots.txt: whole lines."""
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES].rpartition(b"\n")[0]
    return body.decode("utf-8-sig", errors="replace")
