"""An exception in reading a page or a hint is that page's or hint's failure; only named causes end a build."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import flows.admission
import flows.start_page
import tasks.embed
import tasks.extract
import tasks.scrape
import tasks.store
import tasks.theme
from flows.workspace import Workspace
from tasks.core.boundaries import ENDS_BUILD
from tasks.core.errors import DependencyUnavailable, EmbeddingRefused
from tasks.web import reader
from tasks.web.crawl import robots
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.frontier import Frontier
from tasks.web.fetching import static
from tests.crawling import Crawled, Crawler
from tests.sites.generated import sentences
from tests.web.conftest import Answer, binary, html, serve

FAULTY = "/faulty"
PAGES = {"/", "/one", "/two", FAULTY}


class Fault(Exception):
    """An exception that nobody expects."""


def document(path: str, *links: str) -> Answer:
    """A page with a text of its own."""
    listed = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    feed = "<link rel=alternate type=application/rss+xml href=/feed>"
    body = f"<head><title>Page {path}</title>{feed}</head><main><h1>On {path}</h1><p>{sentences(path, 90)}</p>{listed}"
    return html(f"<html lang=en>{body}</main></html>")


SITE = {
    "/": document("/", "/one", FAULTY),
    "/one": document("/one"),
    "/two": document("/two"),
    FAULTY: document(FAULTY, "/faulty/more"),
    "/sitemap.xml": binary(b"<urlset><url><loc>/two</loc></url></urlset>", Content_Type="text/xml"),
    "/robots.txt": binary(b"user-agent: *\ndisallow: /no\n", Content_Type="text/plain"),
}


async def build(crawler: Crawler, space: Workspace) -> Crawled:
    """Build the site with the pipeline."""
    async with serve(SITE) as site:
        return await crawler.crawl_in(space, site.url, depth=2)


def about(value: object) -> bool:
    """Whether a call's argument is the faulty page, in any of its forms, or has it."""
    if isinstance(value, list | tuple):
        return any(map(about, value))
    for part in ("chunked", "page", "target", "url"):
        value = getattr(value, part, None) or value
    return value.endswith(FAULTY) if isinstance(value, str) else isinstance(value, bytes) and b"On /faulty" in value


def always(_: object) -> bool:
    """Whatever a call works on."""
    return True


Boundary = tuple[str, object, str, Callable[[object], bool], set[str]]
"""Name, owner and name of the function that fails, the calls that do, and the pages that are stored all the same."""
REST = PAGES - {FAULTY}
BOUNDARIES: list[Boundary] = [
    ("decoding", static, "decode_html", about, REST),
    ("fetching", reader.Web, "fetch", about, REST),
    ("links", tasks.extract, "links_of", about, REST),
    ("recording links", Frontier, "record_alias", about, REST),
    ("reading", tasks.scrape, "read_apart", about, REST),
    ("duplicates", Duplicates, "judge", about, REST),
    ("embedding", tasks.embed, "embed_together", about, REST),
    ("storing", tasks.store, "store_pages", about, REST),
    ("robots.txt", robots, "Rules", lambda text: "disallow" in str(text), PAGES),
    ("all hints", reader, "find_hints", always, REST - {"/two"} | {FAULTY}),
    ("sitemap", reader.Web, "_parse_hints", always, REST - {"/two"} | {FAULTY}),
    ("fetching hints", reader.Web, "_read", always, REST - {"/two"} | {FAULTY}),
    ("feeds", flows.admission, "list_feeds", always, PAGES),
    ("languages", flows.start_page, "detect_languages", always, PAGES),
    ("identity", tasks.theme, "identify_site", always, PAGES),
    ("title", tasks.theme, "home_title_of", always, PAGES),
    ("resources", reader.Web, "fetch_resource", always, PAGES),
    ("theme", tasks.theme, "resources_for", always, PAGES),
]


@pytest.mark.parametrize(("name", "owner", "function", "fails_for", "kept"), BOUNDARIES, ids=[b[0] for b in BOUNDARIES])
async def test_an_exception_costs_its_page_or_hint_alone(
    crawler: Crawler,
    plain_space: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    owner: object,
    function: str,
    fails_for: Callable[[object], bool],
    kept: set[str],
) -> None:
    """At every boundary: the other pages are stored, and the counters add up."""
    fail(monkeypatch, owner, function, fails_for, Fault(f"a fault in {name}"))
    built = await build(crawler, plain_space)
    assert set(built.pages) == kept
    assert built.statistics.adds_up


async def test_nothing_is_lost_without_a_fault(crawler: Crawler, plain_space: Workspace) -> None:
    """The site of these tests has four pages."""
    built = await build(crawler, plain_space)
    assert (set(built.pages), built.statistics.failed_scrapes) == (PAGES, 1)


@pytest.mark.parametrize(
    "cause", [EmbeddingRefused("no credit"), DependencyUnavailable("x", "y"), psycopg.OperationalError("gone")]
)
async def test_named_causes_end_a_build(
    crawler: Crawler, plain_space: Workspace, monkeypatch: pytest.MonkeyPatch, cause: Exception
) -> None:
    """However deep they are raised."""
    assert isinstance(cause, ENDS_BUILD)
    fail(monkeypatch, tasks.scrape, "read_apart", about, cause)
    with pytest.RaisesGroup(type(cause), flatten_subgroups=True):
        await build(crawler, plain_space)


def fail(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    function: str,
    fails_for: Callable[[object], bool],
    error: Exception,
) -> None:
    """Let the function raise the error in the calls that have such an argument."""
    original = getattr(owner, function)

    def faulty(*args: Any, **kwargs: Any) -> Any:
        if any(map(fails_for, args)) or (not args and fails_for(None)):
            raise error
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, function, faulty)
