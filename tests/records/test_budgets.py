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
