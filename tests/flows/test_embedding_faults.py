"""Whole builds whose embedding service answers oddly: one answer costs a retry, one text its page, never the build."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from pydantic import SecretStr

from flows import knowledge_stages
from flows.workspace import EMBEDDING_PATIENCE_S, Workspace
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable, WidgetBuilderError
from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.open_embedder import open_embedder
from tests.crawling import Crawler
from tests.sites.openai_server import Next, OpenAIServer, serve_openai
from tests.sites.server import serve_handler

PAGES = 16
PATHS = ["/", *(f"/boat/{n}" for n in range(1, PAGES))]
FAULTS = [
    *(Next.too_few, Next.wrong_dimensions, Next.not_finite, Next.zero, Next.twice),
    *(Next.server_error, Next.hang_up, Next.too_large, Next.unprocessable),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delays between retries."""
    monkeypatch.setattr(openai_embedder, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(openai_embedder, "MAX_DELAY_S", 0.5)


async def harbour(request: web.Request) -> web.StreamResponse:
    """A home page with links to pages about boats; each has a word of its own, `captain…`.

    No two sites have a text in common: it would be in the cache.
    """
    if request.path not in PATHS:
        return web.Response(status=404)
    number = PATHS.index(request.path)
    links = "".join(f'<li><a href="{path}">Boat {path[6:]} of the harbour</a></li>' for path in PATHS[1:])
    words = " ".join(
        f"Plank {number}{n} at {request.host} of boat {number} is {n * 7 + number} feet long." for n in range(30)
    )
    body = f"<h1>Boat {number}</h1><p>Its owner is captain{number}x, who sails. {words}</p>"
    more = f"<ul>{links}</ul>" if number == 0 else ""
    html = f"<html lang=en><head><title>Boat {number}</title></head><body><main>{body}{more}</main></body></html>"
    return web.Response(text=html, content_type="text/html")


@asynccontextmanager
async def embedding_at(
    service: OpenAIServer, shared: Workspace, model: str = "text-embedding-3-small"
) -> AsyncIterator[Workspace]:
    """A workspace like the shared one that embeds at this service, one request after the other."""
    changed = {"openai_api_key": SecretStr("sk-test"), "openai_base_url": service.base_url, "embedding_model": model}
    settings = shared.settings.model_copy(update={**changed, "embed_workers": 1})
    async with open_embedder(settings, shared.processes, patience_s=EMBEDDING_PATIENCE_S) as embedder:
        yield replace(shared, settings=settings, embedder=embedder)


async def paths(crawler: Crawler, url: str, space: Workspace) -> set[str]:
    """The stored pages of a build, which adds up."""
    crawled = await crawler.crawl_in(space, url)
    counted = crawled.statistics
    assert counted.scraped_pages == PAGES
    assert counted.embedded_pages + counted.failed_embeddings == counted.scraped_pages
    assert counted.stored_pages == counted.embedded_pages == len(crawled.pages)
    return set(crawled.pages)


async def test_odd_answers_cost_no_page(crawler: Crawler, plain_space: Workspace) -> None:
    """One of each kind, one after the other, then all is well: every page is stored."""
    async with serve_handler(harbour) as url, serve_openai(retry_after="0") as service:
        service.then(*FAULTS, Next.rate_limited)
        async with embedding_at(service, plain_space) as space:
            assert await paths(crawler, url, space) == set(PATHS)


async def test_a_text_that_cannot_be_embedded_costs_its_page(crawler: Crawler, plain_space: Workspace) -> None:
    """Nine texts, each with a fault of its own at every attempt: their pages fail, all others are stored."""
    async with serve_handler(harbour) as url, serve_openai() as service:
        service.spoiled_words = {f"captain{n}x": fault for n, fault in enumerate(FAULTS, start=1)}
        async with embedding_at(service, plain_space) as space:
            stored = await paths(crawler, url, space)
        assert stored == {"/", *PATHS[len(FAULTS) + 1 :]}


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        (Next.insufficient_quota, EmbeddingRefused, "no credit"),
        (Next.invalid_api_key, EmbeddingRefused, "API key"),
        (Next.rate_limited, EmbeddingUnavailable, "asks to wait 86400 s"),
    ],
)
async def test_what_is_embedded_is_not_paid_for_again(
    crawler: Crawler,
    plain_space: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    fault: Next,
    error: type[WidgetBuilderError],
    cause: str,
) -> None:
    """Key, quota, a service that sends us away: the attempt ends with the cause, and the next pays for the rest."""
    monkeypatch.setattr(openai_embedder, "MAX_INPUTS", 4)
    async with serve_handler(harbour) as url, serve_openai(retry_after="86400") as service:
        build_id = await crawler.record(url)
        service.then(*[Next.reversed] * 3, *[fault] * 10)
        async with embedding_at(service, plain_space) as space:
            with pytest.raises(ExceptionGroup) as caught:
                await crawler.go_on_in(space, build_id)
        found = caught.value.subgroup(error)
        assert found is not None
        assert cause in str(found.exceptions)
        paid = service.embedded
        assert paid > 4
        service.forget()
        async with embedding_at(service, plain_space) as space:
            crawled = await crawler.go_on_in(space, build_id)
        assert len(crawled.pages) == PAGES
        rest = service.embedded - paid
        # A build from the beginning, with another model and so without these vectors.
        service.embedded = 0
        async with embedding_at(service, plain_space, "text-embedding-3-large") as space:
            await crawler.crawl_in(space, url)
        assert paid + rest <= service.embedded


async def test_first_facts_that_cannot_be_written_do_not_end_a_build(
    crawler: Crawler, plain_space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are written at its end."""
    asked = 0

    async def fail(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise EmbeddingFailed("embedding failed: no child process could be started", retriable=True)

    monkeypatch.setattr(knowledge_stages, "write_facts", fail)
    async with serve_handler(harbour) as url:
        assert len((await crawler.publish_in(plain_space, url, depth=1)).pages) == PAGES
    assert asked
