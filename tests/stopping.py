"""The end of a stack that tests share: after the last test of the process that needs it, not after all tests.

A stack works on while nobody asks: Prefect's server takes 6 % of a core, which the tests that come after need.
"""

from collections import Counter
from collections.abc import Callable, Generator
from functools import partial

import pytest

from tests.sharing import stack_of

_FIXTURES = ("keyed", "product")
_LEFT = pytest.StashKey[Counter[tuple[str, str]]]()
"""Tests to come, by the fixture and the name of the stack that they share."""
_STOP = pytest.StashKey[dict[str, Callable[[], None]]]()
"""How the stack of a fixture is stopped."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the tests that need a stack."""
    session.stash[_LEFT] = Counter(needed for item in session.items for needed in _needed(item))
    session.stash[_STOP] = {}


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Note how the stack is stopped, which also ends the fixtures that stand on it."""
    if fixturedef.argname in _FIXTURES and fixturedef.scope == "session":
        request.session.stash[_STOP][fixturedef.argname] = partial(fixturedef.finish, request)  # type: ignore[arg-type]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Stop a stack once the last test that needs it has ended."""
    try:
        return (yield)
    finally:
        left, stop = item.session.stash[_LEFT], item.session.stash[_STOP]
        for needed in _needed(item):
            left[needed] -= 1
            if not left[needed] and needed[0] in stop:
                stop.pop(needed[0])()


def _needed(item: pytest.Item) -> list[tuple[str, str]]:
    """Return the shared stack that a test needs, if it does; a process that runs all tests has one of each fixture."""
    names = getattr(item, "fixturenames", ())
    shared = stack_of(item.path, item.config.rootpath) if hasattr(item.config, "workerinput") else "the only one"
    return [(fixture, shared) for fixture in _FIXTURES if shared is not None and fixture in names]
