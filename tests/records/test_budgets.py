"""Budgets: rates of questions, reserved tokens and pseudonymous addresses."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import TryLater
from tasks.core.rates import Rate
from tasks.records.budgets import Budgets, RatedAction
from tests.conftest import MakeSettings


async def test_an_address_has_one_pseudonym_a_day_and_network(pool: Pool, settings: MakeSettings) -> None:
    """The same pseudonym for one visitor in all processes, another for other visitors."""
    first, second = Budgets(pool, settings()), Budgets(pool, settings())
    assert await first.pseudonymize("203.0.113.7") == await second.pseudonymize("203.0.113.7")
    assert await first.pseudonymize("203.0.113.7") != await first.pseudonymize("203.0.113.8")
    assert await first.pseudonymize("2001:db8:1:2::1") == await first.pseudonymize("2001:db8:1:2:ffff::9")
    assert await first.pseudonymize("2001:db8:1:2::1") != await first.pseudonymize("2001:db8:1:3::1")
    assert await first.pseudonymize("::ffff:203.0.113.7") == await first.pseudonymize("203.0.113.7")


async def test_unused_tokens_are_refunded(pool: Pool, settings: MakeSettings) -> None:
    """A reservation is all or nothing; after the refund there is room again."""
    budgets, widget = Budgets(pool, settings(chat_widget_tokens=100)), uuid4()
    accounts = await budgets.reserve_tokens("somebody", widget, 80)
    with pytest.raises(TryLater) as caught:
        await budgets.reserve_tokens("somebody", widget, 30)
    assert caught.value.status == 429
    assert 0 < (caught.value.retry_after or 0) <= 86_400
    await budgets.refund(accounts, 60)
    await budgets.reserve_tokens("somebody", widget, 30)


async def test_concurrent_questions_never_exceed_the_rate(pool: Pool, settings: MakeSettings) -> None:
    """However they are interleaved."""
    budgets, client = Budgets(pool, settings(chat_rate=Rate(count=5, seconds=86_400))), str(uuid4())
    results = await asyncio.gather(
        *(budgets.count_action(client, RatedAction.questions) for _ in range(20)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, TryLater) for result in results) == 15


CAPS = {"chat_client_tokens": 30, "chat_widget_tokens": 200, "chat_tokens": 500}


async def test_a_thousand_clients_at_once_spend_no_more_than_the_caps(pool: Pool, settings: MakeSettings) -> None:
    """Of an address, of a widget and of all together; each is told when to come again, and pays for nothing refused."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage")
    budgets = Budgets(pool, settings(**CAPS))
    widgets = [uuid4() for _ in range(4)]
    # Half of the visitors come from 20 addresses, which ask more than they may.
    asked = [(f"address {number % 20 if number % 2 else number}", widgets[number % 4]) for number in range(1_000)]
    ended = await asyncio.gather(*(budgets.reserve_tokens(*each, 10) for each in asked), return_exceptions=True)
    refused = [it for it in ended if isinstance(it, BaseException)]
    assert all(isinstance(it, TryLater) and it.status == 429 and (it.retry_after or 0) > 0 for it in refused)
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT scope, max(amount), sum(amount) FROM chat_usage GROUP BY scope")
        spent = {scope: (most, total) for scope, most, total in await rows.fetchall()}
    admitted = 10 * (len(asked) - len(refused))
    assert admitted == 500
    assert {scope: total for scope, (_, total) in spent.items()} == dict.fromkeys(
        ("client_tokens", "widget_tokens", "tokens"), admitted
    )
    assert all(spent[cap.removeprefix("chat_")][0] <= most for cap, most in CAPS.items())
