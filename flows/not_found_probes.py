"""Probes for soft 404s: requests for addresses that do not exist, answered by some sites with a status of success."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from urllib.parse import urljoin

from flows.workspace import Workspace
from tasks.core.boundaries import contain
from tasks.core.errors import PageError
from tasks.core.models import Fingerprint
from tasks.reading import ReadOptions
from tasks.scrape import read_apart
from tasks.web.crawl.urls import ROUTES, page_key

OnNotFound = Callable[[Fingerprint], Awaitable[None]]
"""Called with the site's answer to an address that does not exist."""


class NotFoundProbes:
    """The probes of one build: at most one for its paths, and one for each kind of route of an application."""

    def __init__(self, space: Workspace, site_url: str, site_title: str, on_not_found: OnNotFound) -> None:
        self._space = space
        self._site_url = site_url
        self._site_title = site_title
        self._on_not_found = on_not_found
        self._probes: dict[str, asyncio.Task[None]] = {}
        """By the route, or no route, that they ask below."""

    @property
    def are_done(self) -> bool:
        """Whether no answer is awaited."""
        return all(probe.done() for probe in self._probes.values())

    def ask_once(self, url: str, then: Callable[[], None]) -> None:
        """Find out, once, whether the content of a URL is the site's answer to any URL; call `then` afterwards.

        An application's answer to any of its routes is a question of its own.
        """
        route = next((route for route in ROUTES if route in url), "")
        if route not in self._probes:
            self._probes[route] = asyncio.create_task(self._probe(route))
            self._probes[route].add_done_callback(lambda _: then())

    async def finish(self) -> None:
        """Wait for all answers."""
        await asyncio.gather(*self._probes.values())

    async def _probe(self, route: str) -> None:
        try:
            if answer := await self._request(route):
                await self._on_not_found(answer)
        except PageError:
            return
        except Exception as error:  # noqa: BLE001 without an answer nothing is taken for a soft 404
            contain(error, f"the probe for {route or 'paths'} that do not exist")

    async def _request(self, route: str) -> Fingerprint | None:
        # A URL that does not exist, the same in every build.
        name = sha256(self._site_url.encode()).hexdigest()[:24]
        page = await self._space.web.probe(urljoin(self._site_url, f"{route}{name}" if route else f"/{name}"))
        if page is None or page_key(page.final_url) != page_key(page.target.url):
            return None
        timeout_s = self._space.settings.page_timeout_s
        options = ReadOptions(self._space.embedder.model, timeout_s, site_title=self._site_title)
        return (await read_apart(page, self._space.processes, options)).fingerprint
