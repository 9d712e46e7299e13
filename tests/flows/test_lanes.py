"""Lanes and queues: queues are bounded, work is shared among lanes, slots are released."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flows.lanes import Channel, Lanes


class Slots:
    """A limit of `most` slots that counts the slots held, now and at the peak."""

    def __init__(self, most: int) -> None:
        self._semaphore = asyncio.Semaphore(most)
        self.held = 0
        self.peak = 0

    @asynccontextmanager
    async def hold(self, _limit: str) -> AsyncIterator[None]:
        """Hold one."""
        async with self._semaphore:
            self.held += 1
            self.peak = max(self.peak, self.held)
            try:
                yield
            finally:
                self.held -= 1


async def fill_and_close(channel: Channel[int], count: int) -> None:
    """Put numbers, then close."""
    for number in range(count):
        await channel.put(number)
    await channel.close()


@pytest.mark.parametrize("adaptive", [True, False])
@pytest.mark.parametrize("batch", [1, 7])
async def test_every_item_is_worked_on_exactly_once(adaptive: bool, batch: int) -> None:
    """Whatever the number of lanes and the size of batches."""
    channel: Channel[int] = Channel(size=5)
    done: list[int] = []

    async def work(items: list[int]) -> None:
        await asyncio.sleep(0.001)
        done.extend(items)

    lanes = Lanes("test", channel, 4, work, Slots(4).hold, portion=lambda _: batch, linger_s=0.01, adaptive=adaptive)
    async with asyncio.timeout(10):
        await asyncio.gather(lanes.run(), fill_and_close(channel, 50))
    assert sorted(done) == list(range(50))


async def test_a_full_channel_holds_its_producer_back() -> None:
    """The queue between two stages is bounded."""
    channel: Channel[int] = Channel(size=3)
    producer = asyncio.create_task(fill_and_close(channel, 10))
    await asyncio.sleep(0.05)
    assert len(channel.waiting) == 3
    assert not producer.done()
    while await channel.take(lambda _: 2):
        pass
    await producer
    assert channel.exhausted


async def test_lanes_never_hold_more_slots_than_the_limit_and_give_all_back() -> None:
    """With fewer slots than lanes, all work is done."""
    slots, channel = Slots(2), Channel[int]()
    done = 0

    async def work(items: list[int]) -> None:
        nonlocal done
        await asyncio.sleep(0.002)
        done += len(items)

    async with asyncio.timeout(10):
        await asyncio.gather(Lanes("test", channel, 8, work, slots.hold).run(), fill_and_close(channel, 40))
    assert (done, slots.peak, slots.held) == (40, 2, 0)


async def test_a_single_item_opens_a_single_lane() -> None:
    """Lanes open as work arrives."""
    slots, channel = Slots(8), Channel[int]()

    async def work(_items: list[int]) -> None:
        await asyncio.sleep(0.01)

    await asyncio.gather(Lanes("test", channel, 8, work, slots.hold).run(), fill_and_close(channel, 1))
    assert slots.peak == 1


async def test_an_error_that_ends_the_build_ends_all_lanes_and_frees_their_slots() -> None:
    """The exception is raised by `run`, and no slot stays held."""
    slots, channel = Slots(8), Channel[int](size=None)
    await channel.put(*range(20))

    async def work(items: list[int]) -> None:
        await asyncio.sleep(0.005)
        if items == [3]:
            raise ValueError("the build cannot go on")

    with pytest.raises(ExceptionGroup) as ended:
        await Lanes("test", channel, 4, work, slots.hold).run()
    assert ended.group_contains(ValueError, match="cannot go on")
    assert slots.held == 0


async def test_a_batch_waits_a_little_to_fill_up() -> None:
    """Items that arrive one by one make one batch."""
    channel: Channel[int] = Channel()
    batches: list[list[int]] = []

    async def work(items: list[int]) -> None:
        batches.append(items)

    async def trickle() -> None:
        for number in range(6):
            await channel.put(number)
            await asyncio.sleep(0.01)
        await channel.close()

    lanes = Lanes("test", channel, 4, work, Slots(4).hold, portion=lambda _: 100, first_linger_s=5)
    await asyncio.gather(lanes.run(), trickle())
    assert batches == [[0, 1, 2, 3, 4, 5]]
