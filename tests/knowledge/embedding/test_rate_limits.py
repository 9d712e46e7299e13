"""Rate limits: read from the service's headers, shared by all processes that use the account."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool, open_pool
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused
from tasks.knowledge.embedding import embedding_claims
from tasks.knowledge.embedding.embedding_cache import embed_cached
from tasks.knowledge.embedding.embedding_claims import claim_texts
from tasks.knowledge.embedding.openai_embedder import open_openai_embedder
from tasks.knowledge.embedding.rate_limits import MAX_WAIT_S, RateLimits, name_account
from tests.conftest import MakeSettings
from tests.knowledge.embedding.test_embedding_cache import CountingEmbedder, by_hash
from tests.knowledge.material import count
from tests.sites.openai_server import Next, serve_openai


def headers(requests: int = 1_000, tokens: int = 60_000, *, requests_left: int, tokens_left: int) -> dict[str, str]:
    """The rate limit headers of a response."""
    return {
        "x-ratelimit-limit-requests": str(requests),
        "x-ratelimit-limit-tokens": str(tokens),
        "x-ratelimit-remaining-requests": str(requests_left),
        "x-ratelimit-remaining-tokens": str(tokens_left),
    }


async def test_nothing_waits_while_the_limits_are_unknown(pool: Pool) -> None:
    """Before the first response there is no limit to wait for."""
    limits = RateLimits(pool, uuid4().hex)
    assert [await limits.reserve(1_000_000) for _ in range(3)] == [0.0] * 3


async def test_tokens_reserved_by_one_run_delay_another(pool: Pool) -> None:
    """Two processes' limits of one account: together no more than the minute's tokens."""
    account = uuid4().hex
    one, other, stranger = RateLimits(pool, account), RateLimits(pool, account), RateLimits(pool, uuid4().hex)
    await one.reserve(0)
    await one.update(headers(requests_left=1_000, tokens_left=60_000))
    assert await one.reserve(50_000) == 0
    # Half a minute's tokens more than there are.
    assert await other.reserve(40_000) == pytest.approx(30, abs=3)
    assert other.tokens_per_minute == 60_000
    assert await stranger.reserve(40_000) == 0


async def test_tokens_used_by_other_programs_count(pool: Pool) -> None:
    """The service reports a small remainder, whichever program used the rest."""
    limits = RateLimits(pool, uuid4().hex)
    await limits.reserve(0)
    await limits.update(headers(requests_left=0, tokens_left=60_000))
    assert await limits.reserve(10) == pytest.approx(0.06, abs=0.06)
    await limits.update(headers(requests_left=900, tokens_left=0))
    assert await limits.reserve(30_000) == pytest.approx(30, abs=3)


async def test_a_refusal_makes_all_wait(pool: Pool) -> None:
    """As long as the service says, up to the maximum."""
    account = uuid4().hex
    one, other = RateLimits(pool, account), RateLimits(pool, account)
    await one.reserve(0)
    await one.pause(20)
    assert await other.reserve(0) == pytest.approx(20, abs=3)
    await one.pause(1e6)
    assert await other.reserve(0) == MAX_WAIT_S


@pytest.mark.parametrize("value", ["", "-1", "many", "1e9", "0", "²"])
async def test_odd_limits_are_none(pool: Pool, value: str) -> None:
    """A header that is not a number is ignored."""
    limits = RateLimits(pool, uuid4().hex)
    await limits.reserve(0)
    await limits.update(dict.fromkeys(headers(requests_left=0, tokens_left=0), value))
    assert await limits.reserve(1_000_000) == 0


async def test_limits_are_retriable_without_a_database(database_url: str) -> None:
    """The error is retriable; the key is not in the account's name."""
    async with open_pool(database_url) as closed:
        pass
    with pytest.raises(EmbeddingFailed, match="out of reach") as caught:
        await RateLimits(closed, "a").reserve(1)
    assert caught.value.retriable
    assert "sk-secret" not in name_account("https://example.com", "sk-secret", "model")


async def test_lanes_that_ask_at_once_make_one_call_to_a_service_that_refuses(settings: MakeSettings) -> None:
    """A wrong key is rejected once for all waiting lanes; a later call tries again."""
    async with serve_openai() as server:
        made = settings(openai_api_key="sk-x", openai_base_url=server.base_url)
        async with open_openai_embedder(made) as embedder:
            server.then(Next.insufficient_quota)
            asked = [embedder.embed([f"text {n}"]) for n in range(5)]
            results = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(result, EmbeddingRefused) for result in results)
            assert server.calls == 1
            assert len(await embedder.embed(["beans"])) == 1
            assert (embedder.usage.calls, embedder.usage.inputs, embedder.usage.tokens) == (2, 1, server.tokens)


async def test_runs_at_the_same_moment_pay_for_a_text_once(pool: Pool) -> None:
    """Eight want the same texts: each is embedded by one of them, and all have it."""
    embedder = CountingEmbedder()
    texts = [f"text {n}" for n in range(40)]
    results = await asyncio.gather(*(embed_cached(pool, embedder, by_hash(*texts[n:], *texts[:n])) for n in range(8)))
    assert all(set(result) == set(by_hash(*texts)) for result in results)
    assert set(embedder.embedded.values()) == {1}
    assert await count(pool, "SELECT count(*) FROM embedding_claims WHERE model = %s", embedder.model) == 0


async def test_a_run_that_died_keeps_no_claim(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its claim lapses, and another run embeds the text."""
    embedder = CountingEmbedder()
    monkeypatch.setattr(embedding_claims, "CLAIM_S", 0.3)
    async with claim_texts(pool, embedder.model, list(by_hash("beans"))) as ours:
        assert ours == list(by_hash("beans"))
        await embed_cached(pool, embedder, by_hash("beans"))
    assert embedder.embedded == {"beans": 1}
