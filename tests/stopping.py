"""The end of a product's stack: after the last test of the process that needs it, not after all tests.

A stack works on while nobody asks: Prefect's server takes 6 % of a core, which the tests that come after need.
"""

from collections import Counter
from collections.abc import Callable, Generator
from functools import partial

import pytest

from tests.sharing import product_of

_LEFT = pytest.StashKey[Counter[str]]()
"""Tests to come, by the product that they share."""
_STOP = pytest.StashKey[Callable[[], None]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the tests that need a product."""
    session.stash[_LEFT] = Counter(_product(item) for item in session.items if _needs_product(item))


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Note how the product is stopped, which also ends the fixtures that stand on it."""
    if fixturedef.argname == "product" and fixturedef.scope == "session":
        request.session.stash[_STOP] = partial(fixturedef.finish, request)  # type: ignore[arg-type]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Stop the product once the last test that needs it has ended."""
    try:
        return (yield)
    finally:
        if _needs_product(item):
            left = item.session.stash[_LEFT]
            left[_product(item)] -= 1
            if not left[_product(item)] and _STOP in item.session.stash:
                item.session.stash[_STOP]()


def _needs_product(item: pytest.Item) -> bool:
    return "product" in getattr(item, "fixturenames", ())


def _product(item: pytest.Item) -> str:
    """Return the product's name; a process that runs all tests has one."""
    if not hasattr(item.config, "workerinput"):
        return "product"
    return product_of(item.path, item.config.rootpath) or "product"
