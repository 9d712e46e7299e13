"""Faulty and hostile servers: each page fails with a cause, and the good pages beside it are fetched."""

import asyncio
import tracemalloc

import pytest

from tasks.core.errors import FetchTimeout, PageError, PageSkipped
from tasks.core.models import FetchedPage, Target
from tasks.web.fetching import handlers
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.static import open_static_fetcher
from tests.sites.hostile import BIG, MISBEHAVIOUR, STRANGE, serve_hostile
from tests.web.conftest import make_settings

TOO_LARGE = "too_large"
BROKEN = "the connection broke: "
USELESS = "invalid HTTP response: "
CAUSES = {
    "/endless-body": TOO_LARGE,
    "/endless-chunks": TOO_LARGE,
    "/endless-headers": BROKEN,
    "/says-too-long": BROKEN,
    "/says-too-short": BROKEN,
    "/says-huge": TOO_LARGE,
    "/says-negative": BROKEN,
    "/says-two-lengths": BROKEN,
    "/chunk-of-nonsense": BROKEN,
    "/chunk-cut-off": BROKEN,
    "/chunk-beyond-numbers": BROKEN,
    "/endless-trailers": BROKEN,
    "/thousands-of-cookies": BROKEN,
    "/no-head": BROKEN,
    "/not-modified": "redirect without a valid Location",
    "/no-content-and-yet-some": BROKEN,
    "/no-http": BROKEN,
    "/bad-headers": BROKEN,
    "/ends-at-once": BROKEN,
    "/resets": BROKEN,
    "/gzip-bomb": TOO_LARGE,
    "/deflate-bomb": TOO_LARGE,
    "/br-bomb": TOO_LARGE,
    "/zstd-bomb": TOO_LARGE,
    "/ten-times-gzip-bomb": TOO_LARGE,
    "/twice-gzip-bomb": TOO_LARGE,
    "/no-gzip": USELESS,
    "/unknown-coding": "unsupported content encoding: sdch",
    "/image-as-html": "not_html: application/octet-stream",
    "/image": "not_html: image/png",
    "/redirects-to-itself": "too many redirects",
    "/redirects-to-another": "too many redirects",
    "/redirects-back": "too many redirects",
    "/redirects-to-a-file": "redirect without a valid Location",
    "/redirects-to-nowhere": "The address does not lead to a public website",
    "/redirects-without-saying": "redirect without a valid Location",
    "/hops/50": "too many redirects",
}


def cause_of(outcome: FetchedPage | BaseException) -> str:
    """Why there is no page: the reason for skipping it, or the error."""
    assert isinstance(outcome, PageError), f"{outcome!r:.200}"
    return outcome.reason if isinstance(outcome, PageSkipped) else outcome.message


def is_good(outcome: FetchedPage | BaseException) -> bool:
    """Whether the good page's text was fetched."""
    return isinstance(outcome, FetchedPage) and "A page as it should be." in outcome.html


NEVER_DONE = ("/silent", "/drips-body", "/drips-headers", "/endless-hints", "/endless-chunk-extension")


async def test_whatever_a_server_does_each_page_ends_with_its_cause_and_the_others_come(gate: Gate) -> None:
    """All concurrently, from one host."""
    assert {*CAUSES, *NEVER_DONE} >= set(MISBEHAVIOUR)
    paths = [*CAUSES, *STRANGE, *(f"/good/{number}" for number in range(50)), "/hops/9"]
    settings = make_settings(page_timeout_s=60, max_page_bytes=6_000_000, http_extract_workers=100)
    async with serve_hostile() as url, open_static_fetcher(settings, gate) as fetcher:
        fetching = (fetcher.fetch(Target(url=url + path, depth=1)) for path in paths)
        found = dict(zip(paths, await asyncio.gather(*fetching, return_exceptions=True), strict=True))
        again = await fetcher.fetch(Target(url=f"{url}/good/again", depth=1))
    causes = {path: cause_of(found[path]) for path in CAUSES}
    assert {path: cause for path, cause in causes.items() if not cause.startswith(CAUSES[path])} == {}
    pages = {path: page for path, page in found.items() if path not in CAUSES}
    assert {path: page for path, page in pages.items() if not is_good(page)} == {}
    assert is_good(again)


async def test_a_page_that_is_never_done_ends_in_its_time(gate: Gate) -> None:
    """Silent, or byte by byte; the connection under it ends too."""
    settings = make_settings(page_timeout_s=0.5)
    async with serve_hostile() as url, open_static_fetcher(settings, gate) as fetcher:
        await fetcher.fetch(Target(url=f"{url}/good", depth=1))
        fetching = (fetcher.fetch(Target(url=url + path, depth=1)) for path in NEVER_DONE)
        outcomes = await asyncio.gather(*fetching, return_exceptions=True)
        assert [cause_of(outcome) for outcome in outcomes] == ["timeout after 0.5s"] * len(NEVER_DONE)
        assert all(isinstance(outcome, FetchTimeout) and outcome.retriable for outcome in outcomes)


async def test_a_server_that_does_not_begin_is_not_waited_for_as_long_as_a_page(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the awaited response."""
    monkeypatch.setattr(handlers, "FIRST_BYTE_S", 0.2)
    async with serve_hostile() as url, open_static_fetcher(make_settings(page_timeout_s=60), gate) as fetcher:
        with pytest.raises(FetchTimeout, match="waiting for a response"):
            await fetcher.fetch(Target(url=f"{url}/silent", depth=1))


@pytest.mark.parametrize("path", ["/gzip-bomb", "/deflate-bomb", "/br-bomb", "/zstd-bomb", "/endless-body"])
async def test_a_bomb_takes_little_memory(gate: Gate, path: str) -> None:
    """A few times the page limit, not the decompressed size."""
    async with (
        serve_hostile() as url,
        open_static_fetcher(make_settings(max_page_bytes=1_000_000), gate) as fetcher,
    ):
        await fetcher.fetch(Target(url=f"{url}/good", depth=1))
        tracemalloc.start()
        try:
            with pytest.raises(PageSkipped, match="too large"):
                await fetcher.fetch(Target(url=url + path, depth=1))
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


async def test_a_page_with_much_inline_data_comes_whole(gate: Gate) -> None:
    """Its content is left for the extraction to decide on."""
    async with serve_hostile() as url, open_static_fetcher(make_settings(), gate) as fetcher:
        page = await fetcher.fetch(Target(url=f"{url}/big", depth=1))
        assert (page.html, page.byte_count) == (BIG, len(BIG))
