"""robots.txt by RFC 9309: fetched once for each host and build, before any of its pages.

| response | consequence |
|---|---|
| 2xx | the rules apply; the first 500 KiB are read, the rest is not downloaded |
| 4xx except 429, or too many redirects | no rules: everything may be fetched |
| 429, 5xx or none in half a page timeout | nothing on the host may be fetched until the build ends |
| no connection, unknown host or invalid certificate | the page fails with that cause; the next page tries again |

A page that may not be fetched for lack of a robots.txt fails with that cause. If it is the start page, the
build fails.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped, TooManyRedirects
from tasks.core.settings import PRODUCT

MAX_BYTES = 500 * 1024
"""Bytes of a robots.txt that are parsed; RFC 9309 §2.5 demands at least this many."""
MAX_DELAY_S = 5.0
"""Longest `Crawl-delay` obeyed: sites copy longer ones from each other, and people wait for the build."""
SMALL = 10_000
"""Characters of a robots.txt up to which it is parsed on the event loop, in milliseconds."""
LIMIT_S = 15.0
"""Seconds that all attempts at a host's file may take."""
TRIES = 3
RETRY_S = 0.5
"""Seconds before the second try, doubled before the third; the host's Retry-After if that is longer."""

logger = logging.getLogger("widget_builder.web")
logging.getLogger("protego").setLevel(logging.ERROR)


@dataclass(frozen=True)
class RobotsAnswer:
    """A host's response to the request for its robots.txt."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    """Seconds that the host asks to wait."""


FetchRobots = Callable[[str], Awaitable[RobotsAnswer]]
"""Fetches a robots.txt and follows redirects; raises PageError if there is no response."""


class Rules:
    """The parsed robots.txt of one host."""

    def __init__(self, text: str = "", *, refusal: str = "") -> None:
        """Parse the text; a `refusal`, the reason why nothing may be fetched, overrides it."""
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
        """Minimum seconds between two requests, at most `MAX_DELAY_S`."""
        delay = self._parser.crawl_delay(PRODUCT) or 0.0
        rate = self._parser.request_rate(PRODUCT)
        if rate and rate.requests:
            delay = max(delay, rate.seconds / rate.requests)
        return min(max(delay, 0.0), MAX_DELAY_S)

    @property
    def sitemaps(self) -> list[str]:
        """Sitemap URLs listed in the file."""
        return list(self._parser.sitemaps)


class Robots:
    """Cache of the rules of all hosts in a build."""

    def __init__(self, fetch: FetchRobots, *, obey: bool, limit_s: float = LIMIT_S) -> None:
        """With `obey` off nothing is forbidden, and robots.txt is read only for its sitemaps.

        `limit_s`: seconds for all attempts at a host's file.
        """
        self._fetch = fetch
        self._obey = obey
        self._limit_s = limit_s
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
        """Minimum seconds between two requests to the URL's host."""
        return (await self.rules_for(url)).delay_s if self._obey else 0.0

    async def rules_for(self, url: str) -> Rules:
        """Return the rules of the URL's host; concurrent callers share one request.

        Raises:
            PageError: the host cannot be reached.
        """
        parts = urlsplit(url)
        address = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        if address not in self._rules:
            self._rules[address] = asyncio.ensure_future(self._read(address))
        reading = self._rules[address]
        try:
            # Shielded: a cancelled page must not cancel the request that others wait for.
            return await asyncio.shield(reading)
        except PageError as error:
            if self._rules.get(address) is reading:
                # A connection failure may pass; the next page tries again.
                del self._rules[address]
            if type(error) is FetchFailed:
                raise FetchFailed(f"robots.txt: {error}", retriable=error.retriable) from error
            raise

    async def _read(self, address: str) -> Rules:
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._ask(address)
        except TimeoutError:
            return Rules(refusal=FetchTimeout(self._limit_s).message)

    async def _ask(self, address: str) -> Rules:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._limit_s
        refusal, pause_s = "", 0.0
        for attempt in range(TRIES):
            if clock() + pause_s > deadline:
                # Nobody waits for an answer that would come too late.
                return Rules(refusal=f"{refusal}, and it asks to wait {pause_s:.0f} s")
            await asyncio.sleep(pause_s)
            try:
                answer = await self._fetch(address)
            except FetchTimeout as error:
                return Rules(refusal=error.message)
            except PageSkipped as error:
                return Rules(refusal=error.message)
            except TooManyRedirects:
                # RFC 9309 §2.3.1.2: such a robots.txt may be treated as absent.
                return Rules()
            if answer.status != 429 and answer.status < 500:
                return await _parse(_text(answer.body)) if 200 <= answer.status < 300 else Rules()
            refusal = f"HTTP {answer.status}"
            pause_s = max(RETRY_S * 2**attempt, answer.retry_after_s or 0.0)
        return Rules(refusal=refusal)


async def _parse(text: str) -> Rules:
    """Parse the text, a long one in a thread: half a megabyte takes most of a second.

    A file that the parser fails on has no rules that could be obeyed.
    """
    try:
        return await asyncio.to_thread(Rules, text) if len(text) > SMALL else Rules(text)
    except Exception:  # a fault of the parser, which must not end the build
        logger.warning("a robots.txt is ignored: it could not be parsed", exc_info=True)
        return Rules()


def _text(body: bytes) -> str:
    """Decode the part of a robots.txt that is parsed, cut after a whole line."""
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES].rpartition(b"\n")[0]
    return body.decode("utf-8-sig", errors="replace")
