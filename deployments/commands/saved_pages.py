"""A saved page in the browser, loaded under its original URL so that its styles and pictures are found."""

import asyncio

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Route

from tasks.brand.derived_theme import HomePageProbe, derive_theme, resources_for
from tasks.brand.drawing import draw_in
from tasks.brand.probe import PROBE
from tasks.core.choices import RenderMode
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import FetchFailed, FetchTimeout
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.core.theme_model import Theme
from tasks.theme import fetch_resources
from tasks.web.fetching.chromium import open_chromium
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.rendered_page import RenderedPage
from tasks.web.fetching.tab import TabGone
from tasks.web.fetching.visit import Visit
from tasks.web.reader import open_web


async def derive_saved_theme(settings: Settings, html: str, url: str) -> Theme:
    """Derive the theme of a saved page; all but the document itself is fetched from the web, through the egress gate.

    Raises:
        PageError: the browser cannot show the page.
        DependencyUnavailable: there is no browser.
    """
    rendered = await _render(settings, html, url)
    probe = HomePageProbe(url=url, requested_url=url, light=rendered.probe, dark=rendered.dark_probe)
    async with open_web(settings.model_copy(update={"render": RenderMode.never})) as web:
        resources = await fetch_resources(resources_for(probe), web)
        return await asyncio.to_thread(derive_theme, probe, resources, draw_in(web.readers))


async def _render(settings: Settings, html: str, url: str) -> RenderedPage:
    async def fulfill(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html; charset=utf-8")

    target = Target(url=url, depth=0)
    try:
        async with (
            asyncio.timeout(settings.page_timeout_s),
            open_gate(egress_policy(settings), upstream=settings.egress_proxy) as gate,
            open_chromium(settings, gate) as chromium,
            chromium.tab() as tab,
        ):
            await tab.page.route(lambda requested: requested.partition("#")[0] == url, fulfill)
            visit = Visit(
                tab,
                target,
                page_timeout_s=settings.page_timeout_s,
                max_bytes=settings.max_page_bytes,
                endless=set(),
                site_may_move=True,
            )
            try:
                return await visit.load(PROBE, compare=False)
            finally:
                visit.stop()
    except TimeoutError as error:
        raise FetchTimeout(settings.page_timeout_s) from error
    except (PlaywrightError, TabGone) as error:
        raise FetchFailed(f"the browser could not show the page: {str(error).splitlines()[0]}") from error
