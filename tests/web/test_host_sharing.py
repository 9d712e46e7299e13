"""Two runs that read one site: together they ask it no more than one of them may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.database import Pool
from tasks.core.errors import HttpStatus
from tasks.core.models import Target
from tasks.records.host_claims import CLAIM, FORGET, HostClaims, HostGrant, forget_hosts, share_of
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.host_sharing import SHARED_S
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tasks.web.fetching.throttle import Throttle
from tests.sites.server import Site, serve_handler
from tests.web.conftest import HOME, make_settings
from tests.web.virtual_time import run_virtually

LIMIT = 4
PAGES = 30


@asynccontextmanager
async def open_runs(pool: Pool, gate: Gate, number: int, delay_s: float = 0) -> AsyncIterator[list[StaticFetcher]]:
    """The fetchers of some runs, each with a throttle of its own."""
    async with AsyncExitStack() as stack:
        fetchers = []
        for _ in range(number):
            throttle = Throttle(delay_s, LIMIT)
            await stack.enter_async_context(throttle.shared(HostClaims(pool, uuid4())))
            fetchers.append(await stack.enter_async_context(open_static_fetcher(make_settings(), gate, throttle)))
        yield fetchers


async def read(fetcher: StaticFetcher, site: str) -> None:
    """Fetch pages of the site, all at once."""
    await asyncio.gather(*(fetcher.fetch(Target(url=f"{site}/{page}", depth=1)) for page in range(PAGES)))


async def read_on(fetcher: StaticFetcher, site: str) -> None:
    """Fetch pages of the site for ever."""
    while True:
        await read(fetcher, site)


@asynccontextmanager
async def counting_site(takes_s: float) -> AsyncIterator[Site]:
    """A site that counts requests for pages; each takes a while."""
    site = Site()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        with site.recording(request.path):
            await asyncio.sleep(takes_s)
        return web.Response(text=HOME, content_type="text/html")

    async with serve_handler(answer) as site.url:
        yield site


async def test_two_runs_have_no_more_requests_under_way_than_one(pool: Pool, gate: Gate) -> None:
    """Counted at the site, also while the second run joins; both get on."""
    async with counting_site(0.02) as site, open_runs(pool, gate, 2) as (first, second):
        reading = asyncio.create_task(read_on(first, site.url))
        while site.max_open_requests < LIMIT:
            await asyncio.sleep(0.01)
        # It does not wait for the end of the first one, which has none.
        await read(second, site.url)
        reading.cancel()
        await asyncio.wait([reading])
    assert site.max_open_requests == LIMIT


async def test_more_runs_than_the_host_takes_at_once_take_turns(pool: Pool) -> None:
    """None waits for the end of another."""
    host, runs = f"{uuid4()}.example", [HostClaims(pool, uuid4()) for _ in range(3)]
    shares = {run.holder: 0 for run in runs}
    for rotation in range(3):
        held: dict[UUID, int] = {}
        for run in runs:
            others = {other: slots for other, slots in held.items() if other != run.holder}
            held[run.holder] = share_of(1, run.holder, others | {r.holder: 0 for r in runs if r != run}, rotation)
        shares = {holder: shares[holder] + slots for holder, slots in held.items()}
    assert set(shares.values()) == {1}
    grants = [await run.renew(host, 1) for run in runs]
    assert sum(grant.slots for grant in grants) <= 1


@given(limit=st.integers(1, 40), runs=st.integers(1, 12), renewals=st.lists(st.integers(0, 11), max_size=60))
def test_shares_never_exceed_the_limit_and_become_equal(limit: int, runs: int, renewals: list[int]) -> None:
    """In whatever order the runs come and renew their claims."""
    ids = sorted(uuid4() for _ in range(runs))
    held: dict[UUID, int] = {}
    for run in [*renewals, *list(range(runs)) * 3]:
        own = ids[run % runs]
        others = {each: slots for each, slots in held.items() if each != own}
        held[own] = share_of(limit, own, others, 0)
        assert sum(held.values()) <= limit
    assert set(held.values()) <= {limit // runs, limit // runs + 1}
    assert sum(held.values()) == limit


async def test_turns_of_a_host_with_a_delay_are_one_after_the_other(pool: Pool) -> None:
    """Whichever run takes them: as far apart as one run's own."""
    host, (first, second) = f"{uuid4()}.example", [HostClaims(pool, uuid4()) for _ in range(2)]
    await first.renew(host, LIMIT)
    turns = [await run.reserve_turn(host, 100) for run in (first, second, second, first)]
    assert turns[0] == 0
    assert [round(turn) for turn in turns] == pytest.approx([0, 100, 200, 300], abs=5)


async def test_a_host_that_asks_one_run_to_slow_down_is_left_alone_by_all(pool: Pool) -> None:
    """With half the requests afterwards; a refusal of a request sent before that counts once."""
    host, (first, second) = f"{uuid4()}.example", [HostClaims(pool, uuid4()) for _ in range(2)]
    assert await first.renew(host, 16) == HostGrant(16, 0, is_shared=False)
    await first.slow_down(host, 40, sent_ago_s=0.1)
    await first.slow_down(host, 30, sent_ago_s=100)
    grant = await second.renew(host, 16)
    assert (grant.is_shared, grant.slots) == (True, 0)
    assert 30 < grant.pause_s <= 40
    assert (await first.renew(host, 16)).slots + (await second.renew(host, 16)).slots == 8
    await first.renew(host, 16, successes=8)
    assert (await first.renew(host, 16)).slots + (await second.renew(host, 16)).slots == 9
    await second.release(host)
    assert (await first.renew(host, 16)).slots == 9


async def test_a_run_that_died_gives_its_share_back(pool: Pool) -> None:
    """After a few seconds; and what is known of a host goes with time."""
    host, (first, second) = f"{uuid4()}.example", [HostClaims(pool, uuid4()) for _ in range(2)]
    await first.renew(host, LIMIT)
    assert (await second.renew(host, LIMIT)).slots == 0
    async with pool.connection() as connection:
        await connection.execute("UPDATE host_claims SET expires_at = expires_at - %s WHERE host = %s", (CLAIM, host))
        assert (await second.renew(host, LIMIT)).slots == LIMIT
        await connection.execute("UPDATE host_limits SET seen_at = seen_at - %s WHERE host = %s", (FORGET, host))
        await forget_hosts(connection)
        rows = await connection.execute("SELECT (SELECT count(*) FROM host_limits WHERE host = %s)", (host,))
        assert await rows.fetchone() == (0,)


class OtherRun:
    """Limits as a run sees them while another one is told to slow down."""

    def __init__(self) -> None:
        self.slowed: list[float] = []
        self.pauses = [0.0, 0.0, 50.0]
        """Of the next renewals."""

    async def renew(self, host: str, most: int, *, under_way: int = 0, successes: int = 0) -> HostGrant:
        """Grant half of it."""
        return HostGrant(most // 2, self.pauses.pop(0) if self.pauses else 0.0, is_shared=True)

    async def reserve_turn(self, host: str, delay_s: float) -> float:
        """Give turns that come after those of two other runs."""
        return 3 * delay_s

    async def slow_down(self, host: str, pause_s: float, *, sent_ago_s: float) -> None:
        """Record the pause."""
        self.slowed.append(pause_s)

    async def release(self, host: str) -> None:
        """Take the share back."""


def test_a_pause_that_another_run_was_told_holds_here() -> None:
    """From the next renewal on; a refusal here is told the others at once."""

    async def ask() -> list[float]:
        throttle, limits, loop = Throttle(0, LIMIT), OtherRun(), asyncio.get_running_loop()
        asked = []
        async with throttle.shared(limits):
            while not asked or asked[-1] < 50:
                async with throttle.turn("http://site.example/"):
                    asked.append(loop.time())
                    await asyncio.sleep(0.1)
            with pytest.raises(HttpStatus):
                async with throttle.turn("http://site.example/"):
                    raise HttpStatus(429, retry_after_s=7)
            await asyncio.sleep(SHARED_S)
        assert limits.slowed == [7]
        return asked

    *before, last = run_virtually(ask())
    assert before[-1] < 3 * SHARED_S
    assert last >= 50


def test_a_run_waits_for_its_turn_among_the_others() -> None:
    """With a delay between two requests; a pause makes a turn void, and another one is reserved."""

    async def ask() -> list[float]:
        throttle, limits, loop = Throttle(1, LIMIT), OtherRun(), asyncio.get_running_loop()
        limits.pauses = [0.0, 0.0, 0.0, 0.0, 50.0]
        asked = []
        async with throttle.shared(limits):
            for _ in range(2):
                async with throttle.turn("http://site.example/"):
                    asked.append(loop.time())
        return asked

    first, second = run_virtually(ask())
    assert first == pytest.approx(50 + 3 + 3 * SHARED_S, abs=1)
    assert second == first + 3
