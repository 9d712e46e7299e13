"""Rate limiting per host. The clock is virtual: no test waits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageError
from tasks.web.fetching.host_rate import GIVE_UP_AFTER, GIVE_UP_S, JITTER, MAX_PAUSE_S, parse_retry_after
from tasks.web.fetching.throttle import Throttle
from tests.web.virtual_time import run_virtually

SITE = "http://site.example/"


class Host:
    """A fake host with set responses and delays; it records the times of requests."""

    def __init__(self, throttle: Throttle, answer: Callable[[int], PageError | None], takes_s: float = 1) -> None:
        self._throttle = throttle
        self._answer = answer
        self._takes_s = takes_s
        self.asked: list[float] = []
        self.under_way: list[int] = []
        self.errors: list[PageError] = []

    async def ask(self) -> None:
        """Make one request, in turn."""
        loop = asyncio.get_running_loop()
        try:
            async with self._throttle.turn(SITE):
                self.asked.append(loop.time())
                number = len(self.asked)
                self.under_way.append(self.under_way[-1] + 1 if self.under_way else 1)
                try:
                    await asyncio.sleep(self._takes_s)
                finally:
                    self.under_way.append(self.under_way[-1] - 1)
                if error := self._answer(number):
                    raise error
        except PageError as error:
            self.errors.append(error)

    async def ask_often(self, times: int) -> "Host":
        """Make this many requests concurrently."""
        await asyncio.gather(*(self.ask() for _ in range(times)))
        return self


def asked_often(times: int, throttle: Throttle, answer: Callable[[int], PageError | None], takes_s: float = 1) -> Host:
    """A host after this many requests."""
    return run_virtually(Host(throttle, answer, takes_s).ask_often(times))


def test_no_more_requests_are_under_way_than_allowed() -> None:
    """And no fewer while there is work."""
    host = asked_often(100, Throttle(0, 7), lambda _: None)
    assert max(host.under_way) == 7
    assert max(host.asked) == 100 // 7


def test_a_delay_is_kept_between_all_requests_to_a_host() -> None:
    """Whatever the concurrency; robots.txt can set a longer delay, not a shorter one."""
    throttle = Throttle(0.5, 28)
    throttle.slow_down(SITE, 2)
    throttle.slow_down(SITE, 0.1)
    assert asked_often(4, throttle, lambda _: None).asked == [0, 2, 4, 6]


@pytest.mark.parametrize(("status", "seconds", "least"), [(429, 20, 20), (503, 7, 7), (403, 5, 5), (503, 86_400, 60)])
def test_a_host_that_asks_to_be_left_alone_is(status: int, seconds: float, least: float) -> None:
    """For its Retry-After, within bounds: all lanes wait, not only the one that got it."""
    host = asked_often(
        9, Throttle(0, 3), lambda number: HttpStatus(status, retry_after_s=seconds) if number == 1 else None
    )
    first, *others = sorted(time for time in host.asked if time > 0)
    assert first == 1 + least
    assert all(time >= first for time in others)


def test_a_host_that_does_not_say_how_long_is_left_alone_longer_each_time() -> None:
    """Exponential back-off: 1, 2, 4 … up to a minute, plus jitter; refusals of earlier requests count once."""
    host = asked_often(40, Throttle(0, 4), lambda number: HttpStatus(429) if number <= 12 else None, takes_s=0.01)
    pauses = [later - earlier for earlier, later in pairwise(sorted(set(host.asked))) if later - earlier > 0.5]
    for number, pause in enumerate(pauses):
        expected = min(2**number, MAX_PAUSE_S)
        assert expected <= pause <= min(expected * (1 + JITTER), MAX_PAUSE_S) + 0.1
    assert len(pauses) == 8, "for four at once, two at once, and six one by one"
    assert max(host.under_way[-20:]) >= 3, "asked more again as it answers"


def test_other_hosts_are_not_slowed() -> None:
    """Each has its own turns."""

    async def ask_both() -> float:
        throttle = Throttle(0, 2)
        with pytest.raises(HttpStatus):
            async with throttle.turn(SITE):
                raise HttpStatus(429, retry_after_s=50)
        assert throttle.slow_downs == 1
        async with throttle.turn("http://other.example/"):
            return asyncio.get_running_loop().time()

    assert run_virtually(ask_both()) == 0


def test_some_pages_that_hang_do_not_slow_the_site() -> None:
    """Only several in a row count as the host's overload."""
    hanging = asked_often(90, Throttle(0, 9), lambda number: FetchTimeout(30) if number % 3 == 0 else None)
    assert max(hanging.asked) == 9
    dead = asked_often(90, Throttle(0, 9), lambda _: FetchTimeout(1))
    assert max(dead.asked) > 20
    assert max(dead.under_way[-10:]) == 1


def test_a_host_that_refuses_for_ever_is_given_up() -> None:
    """A thousand pages then fail at once, with the cause."""
    host = asked_often(1_000, Throttle(0, 10), lambda _: HttpStatus(429))
    assert GIVE_UP_S / 2 < max(host.asked) < GIVE_UP_S + 2 * MAX_PAUSE_S
    assert GIVE_UP_AFTER < len(host.asked) < 50
    assert len(host.errors) == 1_000
    last = host.errors[-1]
    assert isinstance(last, FetchFailed)
    assert "no longer requested: HTTP 429" in last.message
    assert not last.retriable


def test_a_lane_that_leaves_while_it_waits_leaves_nothing_behind() -> None:
    """Neither in the queue nor in a slot: the next request proceeds."""

    async def leave() -> list[float]:
        host = Host(Throttle(0, 1), lambda _: None)
        first, second, third = (asyncio.create_task(host.ask()) for _ in range(3))
        await asyncio.sleep(0.5)
        second.cancel()
        first.cancel()
        await asyncio.wait([first, second, third])
        return host.asked

    assert run_virtually(leave()) == [0, 0.5]


def test_retry_after_is_read_in_both_forms() -> None:
    """Seconds or a date; a date that has passed means now."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert parse_retry_after(" 120 ") == 120
    assert 80 < (parse_retry_after(soon) or 0) <= 90
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [parse_retry_after(text) for text in ("", "soon", "nan", "inf", "-1", "12 minutes")] == [
        None, None, None, None, 0, None,
    ]  # fmt: skip


NUMBERS = st.integers(-5, 10**9)


@given(
    st.text()
    | st.builds("Wed, {} Oct {} {}:{}:28 {}".format, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.text("GMT+-09", max_size=6))
)
def test_whatever_retry_after_says_is_seconds_or_nothing(value: str) -> None:
    """No header breaks the crawl."""
    seconds = parse_retry_after(value)
    assert seconds is None or seconds >= 0
