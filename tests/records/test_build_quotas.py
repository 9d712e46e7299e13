"""Build quotas: a running build is joined, and new builds are limited per client, per site and in total."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import TryLater
from tasks.core.models import BuildRequest
from tasks.core.rates import Rate
from tasks.records.build_quotas import Caller, site_key
from tasks.records.new_builds import create_build, create_rebuild
from tests.knowledge.material import cancel, new_job

MakeCaller = Callable[..., Caller]
EVER = Rate(count=1_000_000, seconds=86_400)


@pytest.fixture
def caller() -> MakeCaller:
    """A factory of callers with one address, unlimited except for the given limits."""
    address = uuid4().hex

    def make(**limits: object) -> Caller:
        free = {"client": address, "rate": EVER, "client_builds": 10**6, "site_builds": 10**6, "open_builds": 10**6}
        return Caller.model_validate(free | limits)

    return make


def request(site: str | None = None, depth: int = 1) -> BuildRequest:
    """Return a request for the site, by default for a new one."""
    return BuildRequest(url=site or f"https://{uuid4().hex}.example/", depth=depth, max_pages=10)


async def test_the_same_build_asked_for_at_once_is_one(pool: Pool, caller: MakeCaller) -> None:
    """Later requests join it without a token; a different request, or one with its own key, is another build."""
    wanted = request()
    news = await asyncio.gather(*(create_build(pool, wanted, caller=caller(client=str(n))) for n in range(8)))
    assert len({new.build_id for new in news}) == 1
    assert [new.created for new in news].count(True) == sum(new.owner_token is not None for new in news) == 1
    deeper = await create_build(pool, wanted.model_copy(update={"depth": 2}), caller=caller())
    keyed = await create_build(pool, wanted, caller=caller(), idempotency_key=str(uuid4()))
    assert len({news[0].build_id, deeper.build_id, keyed.build_id}) == 3


async def test_a_re_crawl_is_not_joined_by_a_stranger(pool: Pool, caller: MakeCaller) -> None:
    """A running re-crawl belongs to an owner; a stranger who requests the same site gets a new widget."""
    job = await new_job(pool)
    await cancel(pool, job)
    wanted = request()
    theirs = await create_rebuild(pool, job.widget_id, wanted, caller=caller())
    mine = await create_build(pool, wanted, caller=caller())
    assert mine.created
    assert mine.widget_id != theirs.widget_id


@pytest.mark.parametrize("limit", ["client_builds", "site_builds"])
async def test_builds_under_way_are_bounded_and_make_room_when_they_end(
    pool: Pool, caller: MakeCaller, limit: str
) -> None:
    """Per address and per site; the refusal says when to retry, and nothing is recorded."""
    site = f"https://{uuid4().hex}.example/"
    two = caller(**{limit: 2})
    first = await create_build(pool, request(site, 0), caller=two)
    await create_build(pool, request(site, 1), caller=two)
    with pytest.raises(TryLater) as refused:
        await create_build(pool, request(site, 2), caller=two)
    assert refused.value.code == "too_many_builds"
    assert refused.value.retry_after
    async with pool.connection() as connection:
        await connection.execute("UPDATE scrape_jobs SET status = 'completed' WHERE id = %s", (first.build_id,))
    assert (await create_build(pool, request(site, 2), caller=two)).created


async def test_builds_in_all_are_bounded(pool: Pool, caller: MakeCaller) -> None:
    """More waiting runs would starve each other."""
    await new_job(pool)
    with pytest.raises(TryLater):
        await create_build(pool, request(), caller=caller(open_builds=1))


async def test_an_address_has_a_rate_limit_for_new_builds(pool: Pool, caller: MakeCaller) -> None:
    """Joining does not count; other addresses and flows started in Prefect are not limited by it."""
    twice = caller(rate=Rate(count=2, seconds=86_400))
    first = request()
    await create_build(pool, first, caller=twice)
    await create_build(pool, first, caller=twice)
    await create_build(pool, request(), caller=twice)
    with pytest.raises(TryLater) as refused:
        await create_build(pool, request(), caller=twice)
    assert refused.value.code == "rate_limited"
    assert (await create_build(pool, request(), caller=caller(client="another"))).created
    assert (await create_build(pool, request())).created


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.example.com/de", "example.com"),
        ("http://example.com:8080/", "example.com"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://[::1]/", "::1:"),
    ],
)
def test_a_site_is_a_host(url: str, site: str) -> None:
    """With or without `www`, on any port; on an IP address, each port is another site."""
    assert site_key(url) == site
