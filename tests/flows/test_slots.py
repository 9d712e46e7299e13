"""Slots of a concurrency limit, against a local server that speaks Prefect's API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from prefect.client.orchestration import PrefectClient

from flows.slots import Slots

MOST = 2


class Limits:
    """A limit of two slots; increments are answered once `answer_after` is set."""

    def __init__(self) -> None:
        self.taken: set[UUID] = set()
        self.asked = 0
        self.answer_after = asyncio.Event()
        self.answer_after.set()
        self.recorded: set[UUID] = set()
        """Leases as the run wrote them down last."""
        self.renewals: list[UUID] = []
        self.renew_after = asyncio.Event()
        self.renew_after.set()
        self.release_after = asyncio.Event()
        self.release_after.set()

    async def increment(self, request: web.Request) -> web.Response:
        """Grant a slot, or answer that all are taken."""
        self.asked += 1
        limits = [{"id": str(uuid4()), "name": "test", "limit": MOST}]
        if (await request.json())["names"] != ["test"]:
            return web.json_response({"lease_id": str(uuid4()), "limits": []})
        if len(self.taken) >= MOST:
            return web.json_response({}, status=423, headers={"Retry-After": "30"})
        lease = uuid4()
        self.taken.add(lease)
        await self.answer_after.wait()
        return web.json_response({"lease_id": str(lease), "limits": limits})

    async def record(self, leases: Collection[UUID]) -> None:
        """Write down a run's leases."""
        self.recorded = set(leases)

    async def decrement(self, request: web.Request) -> web.Response:
        """Take a slot back, once `release_after` is set."""
        await self.release_after.wait()
        self.taken.discard(UUID((await request.json())["lease_id"]))
        return web.Response(status=204)

    async def renew(self, request: web.Request) -> web.Response:
        """Renew a lease, or answer that its slot was given up; once `renew_after` is set."""
        lease = UUID(request.match_info["lease"])
        self.renewals.append(lease)
        await self.renew_after.wait()
        return web.Response(status=204 if lease in self.taken else 410)


@pytest.fixture
async def limits() -> Limits:
    """No slot is taken yet."""
    return Limits()


@pytest.fixture
async def slots(limits: Limits) -> AsyncIterator[Slots]:
    """The slots of a run, with the limits as its server."""
    app = web.Application()
    app.router.add_post("/api/v2/concurrency_limits/increment-with-lease", limits.increment)
    app.router.add_post("/api/v2/concurrency_limits/decrement-with-lease", limits.decrement)
    app.router.add_post("/api/v2/concurrency_limits/leases/{lease}/renew", limits.renew)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with PrefectClient(f"http://127.0.0.1:{runner.addresses[0][1]}/api") as client:
        yield Slots(client, limits.record)
    await runner.cleanup()


async def test_a_slot_is_held_for_the_time_of_the_context(slots: Slots, limits: Limits) -> None:
    """Its lease is listed for the same time."""
    async with slots.hold("test"):
        assert set(slots.leases) == limits.taken
        assert len(limits.taken) == 1
    assert not limits.taken
    assert not slots.leases


async def test_a_lease_is_written_down_before_its_slot_is_used(slots: Slots, limits: Limits) -> None:
    """Another process releases the slots of one that hangs by it."""
    async with slots.hold("test"), slots.hold("test"):
        assert limits.recorded == limits.taken
        assert len(limits.recorded) == 2


async def test_a_slot_is_given_back_if_its_lease_cannot_be_written_down(slots: Slots, limits: Limits) -> None:
    """The database is gone, for example."""

    async def fail(_leases: Collection[UUID]) -> None:
        raise ConnectionError

    slots = Slots(slots.client, fail)
    with pytest.raises(ConnectionError):
        async with slots.hold("test"):
            raise AssertionError("has no lease that anybody knows")
    assert not limits.taken


async def test_a_lane_waits_while_all_slots_are_taken(slots: Slots, limits: Limits) -> None:
    """It gets one soon after one is free, not after the server's `Retry-After`."""
    async with slots.hold("test"):
        async with slots.hold("test"):
            waiting = asyncio.create_task(slots.hold("test").__aenter__())
            await asyncio.sleep(0.7)
            assert not waiting.done()
        async with asyncio.timeout(5):
            await waiting
    assert len(limits.taken) == 1


async def test_a_limit_that_does_not_exist_limits_nothing(slots: Slots, limits: Limits) -> None:
    """A Prefect server may have no limits."""
    async with slots.hold("unknown"):
        assert not slots.leases


async def test_a_lane_that_is_cancelled_while_it_asks_leaves_no_slot_behind(slots: Slots, limits: Limits) -> None:
    """The server grants the request although the lane is gone."""
    limits.answer_after.clear()

    async def lane() -> None:
        async with slots.hold("test"):
            raise AssertionError("cancelled before it had the slot")

    task = asyncio.create_task(lane())
    while not limits.taken:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.05)
    limits.answer_after.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not limits.taken
    assert not slots.leases


async def test_a_lane_that_is_cancelled_while_it_gives_its_slot_back_gives_it_back(
    slots: Slots, limits: Limits
) -> None:
    """Lanes are cancelled when there is nothing left to do."""

    async def lane() -> None:
        async with slots.hold("test"):
            pass

    task = asyncio.create_task(lane())
    while not slots.leases:
        await asyncio.sleep(0)
    while slots.leases:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not limits.taken


@pytest.fixture
async def renewing(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Leases are renewed without a pause."""
    monkeypatch.setattr("flows.slots.RENEW_S", 0.01)
    monkeypatch.setattr("flows.slots.get_run_logger", lambda: logging.getLogger("test"))
    keeper = asyncio.create_task(slots.renew_forever())
    yield
    keeper.cancel()


async def renewals_of(limits: Limits, number: int) -> None:
    """Wait for so many renewals."""
    async with asyncio.timeout(5):
        while len(limits.renewals) < number:
            await asyncio.sleep(0.01)


async def test_a_slot_given_up_while_its_lease_is_renewed_is_no_warning(
    slots: Slots, limits: Limits, renewing: None, caplog: pytest.LogCaptureFixture
) -> None:
    """A lane ends while the keeper is on its way through the leases; those after it are not asked for in vain."""
    limits.renew_after.clear()
    async with slots.hold("test"), slots.hold("test"):
        await renewals_of(limits, 1)
    limits.renew_after.set()
    async with slots.hold("test"):
        await renewals_of(limits, 2)
    assert len(set(limits.renewals)) == 2
    assert not caplog.records


async def test_a_lease_that_expired_while_its_slot_is_held_is_a_warning(
    slots: Slots, limits: Limits, renewing: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Others may have its slot."""
    async with slots.hold("test"):
        limits.taken.clear()
        await renewals_of(limits, len(limits.renewals) + 2)
    assert "could not be renewed" in caplog.text


async def test_a_slot_that_cannot_be_released_in_time_is_a_warning_with_the_cause(
    slots: Slots, limits: Limits, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A timeout's own text is empty."""
    monkeypatch.setattr("flows.slots.RELEASE_TIMEOUT_S", 0.1)
    monkeypatch.setattr("flows.slots.get_run_logger", lambda: logging.getLogger("test"))
    async with slots.hold("test"):
        limits.release_after.clear()
    limits.release_after.set()
    (record,) = caplog.records
    assert record.getMessage().endswith("expires: Prefect's server did not answer within 0.1 s")
