"""The start of a build: load the home page and its theme, or resume from an earlier attempt."""

from collections.abc import Iterable
from dataclasses import dataclass

from flows.resuming import resume
from flows.workspace import Workspace
from tasks.brand.site_identity import SiteIdentity
from tasks.core.boundaries import contain
from tasks.core.errors import HomePageFailed, PageError
from tasks.core.events import EventType
from tasks.core.models import ExtractedUrl, FetchedPage, Link, Target
from tasks.core.theme_model import Theme
from tasks.records.crawl_record import CrawledUrl
from tasks.records.publication import WidgetLooks, save_looks
from tasks.records.widgets import read_widget
from tasks.theme import Home, theme
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.scope import scope_of
from tasks.web.crawl.site_languages import Languages, detect_languages


@dataclass(frozen=True)
class OpenedSite:
    """The pipeline's starting point."""

    frontier: Frontier
    home: ExtractedUrl | None
    """The home page as loaded; None if an earlier attempt has stored it."""
    left_open: list[Target]
    """URLs that an earlier attempt admitted and did not finish."""
    duplicates: Duplicates
    """The pages kept so far."""
    title: str
    """Title of the home page."""
    looks: WidgetLooks | None = None
    """The widget's looks from the home page; None if that was not loaded."""


async def open_site(space: Workspace) -> OpenedSite:
    """Load the home page and emit its theme, or resume; return the site with its frontier.

    Raises:
        HomePageFailed: the start page cannot be read.
    """
    crawl = await space.crawl_record.read()
    space.progress.count_earlier(crawl)
    stored = [known for known in crawl if known.status == "stored"]
    if at_home := [known for known in stored if known.target.is_home]:
        home, looks, site_url = None, None, (await read_widget(space.pool, space.job.widget_id)).site_url
        title = at_home[0].title or ""
        await space.progress.emit(EventType.url_extraction_started, "Resuming where the build stopped")
    else:
        loaded = await load_home_page(space)
        home, site_url, title = loaded.found, loaded.url, loaded.title
        looks = WidgetLooks(theme=loaded.theme, site_url=site_url)
    page, links = (home.page, home.links) if home else (None, ())
    languages = Languages()
    if page is not None:
        languages = await _languages_of(space, page, links)
    frontier = Frontier(
        scope=scope_of(space.settings, site_url, languages, _further_starts(space, stored)),
        max_depth=space.job.request.depth,
        max_pages=space.job.request.max_pages,
    )
    frontier.expect_pages(await space.prior.read_urls())
    duplicates = Duplicates()
    left_open = await resume(space, crawl, home, frontier, duplicates)
    await _emit_started(space, frontier)
    return OpenedSite(frontier, home, left_open, duplicates, title, looks)


def _further_starts(space: Workspace, stored: Iterable[CrawledUrl]) -> tuple[str, ...]:
    """Return the start pages of further sites, and the addresses that those stored so far redirect to."""
    moved = (known.final_url for known in stored if known.target.depth == 0 and not known.target.is_home)
    return (*(space.job.request.sites or ()), *(url for url in moved if url))


async def _languages_of(space: Workspace, page: FetchedPage, links: Iterable[Link]) -> Languages:
    """Return the site's languages; none that would narrow the scope if they cannot be detected."""
    try:
        return await space.web.parse(page.html, detect_languages, page, links, space.settings.languages)
    except Exception as error:  # noqa: BLE001 a hint is lost, whatever it is
        contain(error, f"the languages of {page.final_url}")
        return Languages()


async def load_home_page(space: Workspace) -> Home:
    """Load the home page once, emit its theme, and save it for a widget without knowledge.

    Raises:
        HomePageFailed: with the cause.
    """
    url, progress = space.job.request.url, space.progress
    await progress.emit(EventType.theme_generation_started, f"Loading {url}")
    await progress.emit(EventType.url_extraction_started, "Looking for the site's pages", url=url)
    await space.crawl_record.add_urls([Target(url=url, depth=0)])

    async def emit_identity(identity: SiteIdentity) -> None:
        await progress.emit(
            EventType.url_extraction_progress,
            f"{identity.name}: the home page is here",
            total_urls=1,
            site=identity.model_dump(),
        )

    try:
        home = await theme(url, space.web, emit_identity)
    except PageError as error:
        raise HomePageFailed(f"{url}: {error.message}") from error
    if space.job.replaces is None:
        await save_looks(space.pool, space.job.widget_id, WidgetLooks(theme=home.theme, site_url=home.url))
    await _emit_theme(space, home.theme, home.browser_failure)
    return home


async def _emit_theme(space: Workspace, found: Theme, browser_failure: str) -> None:
    data = found.model_dump(mode="json")
    if found.confidence > 0:
        await space.progress.emit(EventType.theme_generation_completed, f"{found.name} in {found.primary}", theme=data)
    else:
        await space.progress.emit(
            EventType.theme_generation_failed,
            "A neutral theme is used",
            detail=f"the browser could not show the page: {browser_failure}"
            if browser_failure
            else "the page shows no colours of its own",
            theme=data,
        )


async def _emit_started(space: Workspace, frontier: Frontier) -> None:
    space.progress.known_urls = frontier.admitted
    await space.progress.emit(
        EventType.parallel_processing_started,
        "Reading, embedding and storing pages",
        total_urls=frontier.admitted,
        workers=space.settings.max_lanes,
    )
