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
    session.stash[_LEFT] = Counter(name for item in session.items if (name := _product(item)) is not None)


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
        if (name := _product(item)) is not None:
            left = item.session.stash[_LEFT]
            left[name] -= 1
            if not left[name] and _STOP in item.session.stash:
                item.session.stash[_STOP]()


def _product(item: pytest.Item) -> str | None:
    """Return the name of the shared product that a test needs, if it does; a process that runs all tests has one."""
    if "product" not in getattr(item, "fixturenames", ()):
        return None
    if not hasattr(item.config, "workerinput"):
        return "product"
    # None where the product is that of the file's own stack: it may run in another process.
    return product_of(item.path, item.config.rootpath)
