"""Cookies shared by the browser and the HTTP fetcher, so that a site sees them as one visitor.

A site that asks for consent, keeps a session or requires a cookie thus shows the same page to both.
Each side keeps its own cookie jar; new cookies of the page's own site are copied to the other side.
"""

import asyncio
import logging
from contextlib import suppress
from http.cookiejar import Cookie
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError
from scrapy.http.cookies import CookieJar

logger = logging.getLogger("widget_builder.web")

MAX_COOKIE_BYTES = 7_000
"""Bytes of the cookies that a site gets back: servers refuse every request with a longer header (8 KB in most)."""
MAX_COOKIES = 50
"""Cookies copied per page at most; browsers keep only a few more per site."""
SHARE_S = 1.0
"""Timeout of one cookie operation in the browser."""
_LOCAL = ".local"
"""Suffix that Python's cookie jar adds to a host without a dot (RFC 2965)."""

_Key = tuple[str, str, str]
"""Domain, path, name."""


class SharedCookies:
    """The cookies of the HTTP fetcher's jar and of the browser's contexts, kept in step."""

    def __init__(self, jar: CookieJar) -> None:
        """`jar`: the HTTP fetcher's."""
        self._jar = jar
        self._synced: WeakKeyDictionary[BrowserContext, dict[_Key, str]] = WeakKeyDictionary()
        """Cookie values known to both sides, by browser context."""

    async def send_to_browser(self, context: BrowserContext, url: str) -> None:
        """Copy new cookies of the page's site from HTTP to the browser; of a site that set too many, drop all there."""
        await self._drop_flood(context, url)
        synced, host = self._synced.setdefault(context, {}), urlsplit(url).hostname or ""
        known = [cookie for cookie in self._jar if _is_for(cookie, host)]
        if sum(len(cookie.name) + len(cookie.value or "") for cookie in known) > MAX_COOKIE_BYTES:
            return
        new = [cookie for cookie in known if synced.get(_key(cookie)) != cookie.value]
        for cookie in new[:MAX_COOKIES]:
            synced[_key(cookie)] = cookie.value or ""
            # One by one: a single value that Chromium rejects would fail the whole call.
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(SHARE_S):
                    await context.add_cookies([_to_playwright(cookie)])

    async def _drop_flood(self, context: BrowserContext, url: str) -> None:
        with suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(SHARE_S):
                if sum(map(_size, await context.cookies(url))) > MAX_COOKIE_BYTES:
                    logger.info("%s: the cookies of the browser are dropped, as they would fill every request", url)
                    await context.clear_cookies()
                    self._synced.pop(context, None)

    async def copy_from_browser(self, context: BrowserContext, url: str) -> None:
        """Copy new cookies of the page's site from the browser to HTTP."""
        synced = self._synced.setdefault(context, {})
        try:
            async with asyncio.timeout(SHARE_S):
                found = await context.cookies(url)
        except (PlaywrightError, TimeoutError) as error:
            logger.info("cannot read the browser's cookies: %s", error)
            return
        if sum(map(_size, found)) > MAX_COOKIE_BYTES:
            return
        for given in found[:MAX_COOKIES]:
            cookie = _from_playwright(given)
            if synced.get(_key(cookie)) != cookie.value:
                synced[_key(cookie)] = cookie.value or ""
                self._jar.set_cookie(cookie)


def _size(given: Any) -> int:
    """Bytes of a cookie of the browser's in a request."""
    return len(given["name"]) + len(given["value"]) + len("=; ")


def _key(cookie: Cookie) -> _Key:
    return cookie.domain, cookie.path, cookie.name


def _is_for(cookie: Cookie, host: str) -> bool:
    domain = cookie.domain.removesuffix(_LOCAL)
    return host == domain.removeprefix(".") or (domain.startswith(".") and host.endswith(domain))


def _to_playwright(cookie: Cookie) -> Any:
    """Convert to Playwright's form."""
    return {
        "name": cookie.name,
        "value": cookie.value or "",
        "domain": cookie.domain.removesuffix(_LOCAL),
        "path": cookie.path,
        "secure": cookie.secure,
        "expires": float(cookie.expires or -1),
    }


def _from_playwright(given: Any) -> Cookie:
    """Convert to the form of Scrapy's jar."""
    domain, expires = given["domain"], given["expires"]
    return Cookie(
        version=0,
        name=given["name"],
        value=given["value"],
        port=None,
        port_specified=False,
        domain=domain if "." in domain else domain + _LOCAL,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=given["path"],
        path_specified=True,
        secure=given["secure"],
        expires=int(expires) if expires > 0 else None,
        discard=expires <= 0,
        comment=None,
        comment_url=None,
        rest={},
    )
