"""Theme stage: load the home page once and derive the widget's theme from its rendering."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.brand.derived_theme import HomePageProbe, derive_theme, neutral_theme, resources_for
from tasks.brand.drawing import draw_in
from tasks.brand.probe import PROBE
from tasks.brand.site_identity import SiteIdentity, identify_site
from tasks.brand.site_images import MAX_BYTES
from tasks.core.boundaries import contain, page_failure
from tasks.core.errors import PageError
from tasks.core.models import ExtractedUrl, FetchedPage, Frozen, Target
from tasks.core.theme_model import Theme
from tasks.retries import RETRY_FACTOR_S, is_retriable
from tasks.web.content.page_titles import home_title_of
from tasks.web.crawl.links import links_of
from tasks.web.reader import Web

RESOURCES_S = 2.0
"""Seconds a theme waits for logos, icons and manifest; without them it is less certain, not wrong."""

OnIdentified = Callable[[SiteIdentity], Awaitable[None]]
R = TypeVar("R")


class Home(Frozen):
    """The start page: its address, content, title and theme."""

    found: ExtractedUrl
    url: str
    """Address after redirects, which defines the site."""
    title: str
    theme: Theme
    """The neutral theme (`confidence` 0) if the page has no usable colours or fonts, or the browser failed on it."""
    browser_failure: str = ""
    """Why the browser could not show the page; empty if it did."""


async def load_home(url: str, web: Web, on_identified: OnIdentified | None = None) -> Home:
    """Load the start page once; theme, links and content come from the same load.

    `on_identified` is called with the site's name and icon as soon as the page's HTML has arrived. A fault in its
    theme, links or title leaves these neutral or empty.

    Raises:
        PageError: the page cannot be read.
    """

    async def report_identity(final_url: str, html: str) -> None:
        try:
            if on_identified:
                await on_identified(await web.parse(html, identify_site, html, final_url))
        except Exception as error:  # noqa: BLE001 only progress is lost
            contain(error, f"the identity of {final_url}")

    target = Target(url=url, depth=0)
    try:
        rendered = await web.load_home(target, PROBE, report_identity)
    except Exception as error:
        raise page_failure(error, url) from error
    page = rendered.page
    probe = HomePageProbe(url=page.final_url, requested_url=url, light=rendered.probe, dark=rendered.dark_probe)
    return Home(
        found=ExtractedUrl(target=target, page=page, links=await _parse_home(web, page, (), links_of, page)),
        url=page.final_url,
        title=await _parse_home(web, page, "", home_title_of, page.html),
        theme=await _theme_of(probe, web),
        browser_failure=rendered.failure,
    )


async def _parse_home(web: Web, page: FetchedPage, otherwise: R, parse: Callable[..., R], *args: Any) -> R:
    try:
        return await web.parse(page.html, parse, *args)
    except Exception as error:  # noqa: BLE001 a part of the page is lost, not the site
        contain(error, f"{getattr(parse, '__name__', 'parsing')} of {page.final_url}")
        return otherwise


async def _theme_of(probe: HomePageProbe, web: Web) -> Theme:
    """Return the theme; the neutral one if it cannot be derived."""
    try:
        resources = await fetch_resources(resources_for(probe), web)
        return await asyncio.to_thread(derive_theme, probe, resources, draw_in(web.readers))
    except Exception as error:  # noqa: BLE001 a theme is no reason to end a build
        contain(error, f"the theme of {probe.url}")
        return neutral_theme(probe.requested_url)


async def fetch_resources(urls: tuple[str, ...], web: Web) -> dict[str, bytes | None]:
    """Fetch the resources; `None` for a failed one, no entry for one that took longer than `RESOURCES_S`."""

    async def fetch(url: str) -> bytes | None:
        try:
            return await web.fetch_resource(url, MAX_BYTES)
        except Exception as error:  # noqa: BLE001 a resource is lost, whatever it is
            if not isinstance(error, PageError):
                contain(error, url)
            return None

    fetching = {url: asyncio.create_task(fetch(url)) for url in urls}
    # A fetch that is late is cancelled and left out: a theme does not wait for one picture.
    if fetching:
        _, late = await asyncio.wait(fetching.values(), timeout=RESOURCES_S)
        for running in late:
            running.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return {url: done.result() for url, done in fetching.items() if not done.cancelled()}


@task(
    name="theme",
    task_run_name="theme {url}",
    tags=["theme"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_condition_fn=is_retriable,
    cache_policy=NO_CACHE,
)
async def theme(url: str, web: Web, on_identified: OnIdentified) -> Home:
    """Run `load_home` as a Prefect task."""
    return await load_home(url, web, on_identified)
