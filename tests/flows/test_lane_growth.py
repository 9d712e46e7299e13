"""Adaptive lanes: more while that helps, fewer when something suffers, and never more at a host that pushes back."""

import asyncio
import re

import pytest

from flows import lane_growth
from flows.lane_growth import PAUSE_STEPS, LaneGrowth, Seen, _Watched, first_lanes
from flows.lanes import Channel, Lanes
from flows.progress import Progress
from tasks.core.events import Stage
from tasks.records.build_events import read_events
from tasks.records.builds import start_build
from tests.conftest import MakeSettings
from tests.crawling import Crawler
from tests.flows.test_lanes import Slots, fill_and_close
from tests.sites.generated import generated_site
from tests.sites.living import living_site


def pressed(rate: float) -> Seen:
    """All lanes are at work, and more work waits."""
    return Seen(rate, may_grow=True)


def test_lanes_are_added_while_the_throughput_rises_with_them() -> None:
    """Up to the maximum; each change has a reason."""
    growth = LaneGrowth(6, 13)
    reasons = [growth.decide(pressed(float(growth.lanes))) for _ in range(6)]
    assert growth.lanes == 13
    assert [bool(reason) for reason in reasons] == [True, True, True, True, False, False]


def test_lanes_that_bring_nothing_go_again() -> None:
    """And others are tried after a pause."""
    growth = LaneGrowth(6, 20)
    growth.decide(pressed(10))
    assert growth.lanes == 8
    assert "10.0" in growth.decide(pressed(10.1))
    assert growth.lanes == 6
    for _ in range(PAUSE_STEPS):
        assert not growth.decide(pressed(10))
    assert growth.decide(pressed(10))
    assert growth.lanes == 8


def test_without_need_no_lane_is_added() -> None:
    """Lanes are idle, nothing waits, or the processor is busy."""
    growth = LaneGrowth(6, 20)
    assert not any(growth.decide(Seen(10, may_grow=False)) for _ in range(5))
    assert growth.lanes == 6


def test_trouble_halves_the_lanes() -> None:
    """Down to one; they come back when it is over."""
    growth = LaneGrowth(6, 20)
    assert [(growth.decide(Seen(9, may_grow=True, trouble="no memory")), growth.lanes) for _ in range(4)] == [
        ("no memory", 3),
        ("no memory", 1),
        ("", 1),
        ("", 1),
    ]
    rates = [growth.decide(pressed(float(growth.lanes))) for _ in range(40)]
    assert growth.lanes == 20
    assert any(rates)


def test_a_host_that_asks_to_slow_down_is_never_pushed_again() -> None:
    """However well it answers afterwards, there are no more lanes than the default."""
    growth = LaneGrowth(6, 20)
    for _ in range(4):
        growth.decide(pressed(float(growth.lanes)))
    assert growth.lanes > 6
    assert growth.decide(Seen(9, may_grow=True, is_pushed_back=True))
    assert growth.lanes <= 6
    for _ in range(60):
        growth.decide(pressed(float(growth.lanes)))
    assert growth.lanes == 6


async def test_a_lower_number_of_lanes_is_reached_and_not_missed() -> None:
    """Those beyond it close after the work that they have, and give their slots back."""
    slots, channel = Slots(8), Channel[int](size=None)
    held = list[int]()

    async def work(_items: list[int]) -> None:
        await asyncio.sleep(0.01)
        held.append(slots.held)
        lanes.most = 3

    lanes = Lanes("test", channel, 8, work, slots.hold)
    async with asyncio.timeout(10):
        await asyncio.gather(lanes.run(), fill_and_close(channel, 60))
    assert max(held) == 8
    assert held[-20:-3] == [3] * 17
    assert min(held[:-3]) == 3
    assert lanes.done == 60


def test_a_stage_begins_with_its_default(settings: MakeSettings) -> None:
    """Or with its maximum if that is less."""
    made = settings(scrape_workers=10, max_scrape_workers=40, store_workers=3, max_store_workers=2)
    assert [first_lanes(made, limit) for limit in ("scrape", "store", "embed")] == [10, 2, made.embed_workers]


async def test_lanes_are_halved_where_memory_runs_short(crawler: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to one, with the memory that is left; the build reads all its pages."""
    monkeypatch.setattr(lane_growth, "STEP_S", 0.05)
    monkeypatch.setattr(lane_growth, "LEAST_FREE_MEMORY", 1.1)
    async with living_site(30, 1) as site:
        build_id = await crawler.record(site.url, 1)
        async with crawler.open_workspace(build_id, render="never", scrape_workers=4, max_scrape_workers=5) as space:
            await crawler.go_on_in(space, build_id)
    told = [event for event in await read_events(crawler.pool, build_id) if "lanes" in (event.data or {})]
    assert [event.message for event in told] == ["Lanes of scrape: 4 → 2", "Lanes of scrape: 2 → 1"]
    assert all(re.fullmatch(r"\d+ MB of memory are free", event.detail or "") for event in told)
    assert site.answers[200] == 30


async def test_lanes_are_halved_where_many_pages_fail(crawler: Crawler) -> None:
    """Many since the last decision, and a fifth of all: pages that fail now and then change nothing."""
    build_id = await crawler.record("http://127.0.0.1:9")
    progress = Progress(crawler.pool, await start_build(crawler.pool, build_id, None), None)

    async def work(_items: list[int]) -> None:
        raise AssertionError("no lane is opened")

    lanes = Lanes("scrape", Channel[int](), 8, work, Slots(8).hold)
    stage, meter = _Watched(lanes, 4), progress.meters[Stage.scraping]
    found = []
    for done, failed in [(3, 3), (40, 8), (6, 6), (6, 0)]:
        meter.done, meter.failed = meter.done + done, meter.failed + failed
        await stage.decide(progress, 0, "", is_busy=False)
        found.append(lanes.most)
    assert found == [4, 4, 2, 2]
    told = [event for event in await read_events(crawler.pool, build_id) if "lanes" in (event.data or {})]
    assert [(event.message, event.detail) for event in told] == [("Lanes of scrape: 4 → 2", "6 of 12 pages failed")]


async def test_a_build_tells_its_changes(crawler: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    """As progress of the stage, with the reason; they are counted for the metrics."""
    monkeypatch.setattr(lane_growth, "STEP_S", 0.2)
    monkeypatch.setattr(lane_growth, "MOST_PROCESSOR", 101.0)
    async with generated_site(60, 1, 0.1) as site:
        build_id = await crawler.record(site.url, 1)
        async with crawler.open_workspace(build_id, render="never", scrape_workers=1, max_scrape_workers=4) as space:
            await crawler.go_on_in(space, build_id)
    told = [event for event in await read_events(crawler.pool, build_id) if "lanes" in (event.data or {})]
    assert told[0].message == "Lanes of scrape: 1 → 2"
    assert told[0].detail
    assert 2 <= site.max_open_requests <= 4
