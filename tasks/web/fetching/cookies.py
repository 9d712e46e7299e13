"""One visitor's cookies: what a site has given to the browser it gets back over HTTP, and the other way round.

A site that asks for consent, keeps a session or lets nobody in without a cookie thus shows the same page to both.
Each side keeps its own cookies; only what is new on one is told to the other, for the page's own site.
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

MAX_COOKIES = 50
"""Most that are told of one page's site; browsers keep few more."""
SHARE_S = 1.0
"""The longest that a page waits for the browser's cookies."""
_LOCAL = ".local"
"""What Python's cookies add to a host without a dot (RFC 2965)."""

_Name = tuple[str, str, str]
"""Domain, path, name."""


class Cookies:
    """What both ways to the web have been given."""

    def __init__(self, jar: CookieJar) -> None:
        """`jar`: the cookies of the way over HTTP."""
        self._jar = jar
        self._told: WeakKeyDictionary[BrowserContext, dict[_Name, str]] = WeakKeyDictionary()
        """Values that both sides have, by the browser's context."""

    async def give(self, context: BrowserContext, url: str) -> None:
        """Tell the browser what came over HTTP for the page's site."""
        told, host = self._told.setdefault(context, {}), urlsplit(url).hostname or ""
        new = [cookie for cookie in self._jar if _is_for(cookie, host) and told.get(_name(cookie)) != cookie.value]
        for cookie in new[:MAX_COOKIES]:
            told[_name(cookie)] = cookie.value or ""
            # One by one: a value that Chromium does not take would keep out all.
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(SHARE_S):
                    await context.add_cookies([_for_browser(cookie)])

    async def take(self, context: BrowserContext, url: str) -> None:
        """Take over what the browser has been given for the page's site."""
        told = self._told.setdefault(context, {})
        try:
            async with asyncio.timeout(SHARE_S):
                found = await context.cookies(url)
        except (PlaywrightError, TimeoutError) as error:
            logger.info("the browser does not tell its cookies: %s", error)
            return
        for given in found[:MAX_COOKIES]:
            cookie = _from_browser(given)
            if told.get(_name(cookie)) != cookie.value:
                told[_name(cookie)] = cookie.value or ""
                self._jar.set_cookie(cookie)


def _name(cookie: Cookie) -> _Name:
    return cookie.domain, cookie.path, cookie.name


def _is_for(cookie: Cookie, host: str) -> bool:
    domain = cookie.domain.removesuffix(_LOCAL)
    return host == domain.removeprefix(".") or (domain.startswith(".") and host.endswith(domain))


def _for_browser(cookie: Cookie) -> Any:
    """As Playwright takes it."""
    return {
        "name": cookie.name,
        "value": cookie.value or "",
        "domain": cookie.domain.removesuffix(_LOCAL),
        "path": cookie.path,
        "secure": cookie.secure,
        "expires": float(cookie.expires or -1),
    }


def _from_browser(given: Any) -> Cookie:
    """As Scrapy's jar takes it."""
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
