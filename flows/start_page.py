"""The beginning of a build: the home page and its theme, or what an earlier attempt had reached."""

from dataclasses import dataclass

from flows.resuming import resume
from flows.workspace import Workspace
from tasks.brand.site_identity import SiteIdentity
from tasks.core.errors import HomePageFailed, PageError
from tasks.core.events import EventType
from tasks.core.models import Found, Target, Theme
from tasks.records.publication import WidgetLooks, save_looks
from tasks.records.widgets import read_widget
from tasks.theme import Home, theme
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.scope import scope_of


@dataclass(frozen=True)
class Site:
    """Where the pipeline begins."""

    frontier: Frontier
    home: Found | None
    """The home page as loaded; absent when an earlier attempt has stored it."""
    left_open: list[Target]
    """URLs an earlier attempt had found and not stored."""
    duplicates: Duplicates
    """The pages stored so far."""
    title: str
    """The home page's."""
    looks: WidgetLooks | None = None
    """Of the home page as loaded; absent as that is."""


async def open_site(space: Workspace) -> Site:
    """The site's home page with its theme told, and its frontier.

    Raises:
        HomePageFailed: the start page cannot be read.
    """
    crawl = await space.crawl_record.read()
    space.progress.resume(crawl)
    stored = [known for known in crawl if known.status == "stored"]
    if at_home := [known for known in stored if known.target.depth == 0]:
        home, looks, site_url = None, None, (await read_widget(space.pool, space.job.widget_id)).site_url
        title = at_home[0].title or ""
        await space.progress.tell(EventType.url_extraction_started, "Going on where the build had stopped")
    else:
        loaded = await load_first_page(space)
        home, site_url, title = loaded.found, loaded.url, loaded.title
        looks = WidgetLooks(theme=loaded.theme, site_url=site_url)
    page, links = (home.page, home.links) if home else (None, ())
    frontier = Frontier(
        scope=scope_of(space.settings, site_url, page, links),
        max_depth=space.job.request.depth,
        max_pages=space.job.request.max_pages,
    )
    duplicates = Duplicates()
    left_open = await resume(space, crawl, home, frontier, duplicates)
    await _tell_started(space, frontier)
    return Site(frontier, home, left_open, duplicates, title, looks)


async def load_first_page(space: Workspace) -> Home:
    """The home page, loaded once: its theme is told, and given to a widget that has no knowledge yet.

    Raises:
        HomePageFailed: with the cause.
    """
    url, progress = space.job.request.url, space.progress
    await progress.tell(EventType.theme_generation_started, f"Loading {url}")
    await progress.tell(EventType.url_extraction_started, "Looking for the site's pages", url=url)
    await space.crawl_record.add_urls([Target(url=url, depth=0)])

    async def report_identity(identity: SiteIdentity) -> None:
        await progress.tell(
            EventType.url_extraction_progress,
            f"{identity.name}: the home page is here",
            total_urls=1,
            site=identity.model_dump(),
        )

    try:
        home = await theme(url, space.web, report_identity)
    except PageError as error:
        raise HomePageFailed(f"{url}: {error.message}") from error
    if space.job.replaces is None:
        await save_looks(space.pool, space.job.widget_id, WidgetLooks(theme=home.theme, site_url=home.url))
    await _tell_theme(space, home.theme)
    return home


async def _tell_theme(space: Workspace, found: Theme) -> None:
    data = found.model_dump(mode="json")
    if found.confidence > 0:
        await space.progress.tell(EventType.theme_generation_completed, f"{found.name} in {found.primary}", theme=data)
    else:
        await space.progress.tell(
            EventType.theme_generation_failed,
            "A neutral theme is used",
            detail="the page shows no colours of its own",
            theme=data,
        )


async def _tell_started(space: Workspace, frontier: Frontier) -> None:
    space.progress.known_urls = frontier.admitted
    await space.progress.tell(
        EventType.parallel_processing_started,
        "Reading, embedding and storing pages",
        total_urls=frontier.admitted,
        workers=space.settings.max_lanes,
    )
