"""Distribution of tests over processes: by file, with all that share a stack in the process of that stack.

Two products and a stack with OpenAI's key are shared: one product for the API's own tests and one for all others, as a
single one would be busy long after all other tests ended.

The three begin first, with pages that are opened in the fourth process. Files that run stacks of their own come after,
so that no four stacks start at once, then those that build sites, and plain ones last: a process that is left alone
with a file at the end has a short one.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# The fixtures of the product and its builds, as tests declare them (tests/product.py).
_NEEDS_PRODUCT = re.compile(r"\b(product: Product|built: list|recorded_build: tuple)")
# The same of the stack with OpenAI's key (tests/deployments/keyed_stack.py).
_NEEDS_KEYED = re.compile(r"\bkeyed: Keyed\b")
_HAS_ITS_OWN = re.compile(r"\b(open_stack|running)\(")
_OPENS_PAGES = re.compile(r"\b(Browser|MakeVisit|MakeConsole)\b")
_BUILDS = re.compile(r"\b(Crawler|Workspace|RenderedFetcher|open_web|open_rendered_fetcher)\b")


class SharingStacks(LoadFileScheduling):
    """A scheduler that keeps each file together, and all files that share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return stack_of(self.config.rootpath / file, self.config.rootpath) or file


def stack_of(file: Path, root: Path) -> str | None:
    """Return the name of the stack that a file's tests share with other files, if they do."""
    if _needs_keyed(file):
        return "keyed stack"
    if not _needs_product(file):
        return None
    return "product of the API" if file.is_relative_to(root / "tests" / "api") else "product"


@cache
def _runs_stack(file: Path) -> bool:
    return _HAS_ITS_OWN.search(file.read_text("utf-8")) is not None


@cache
def _needs_keyed(file: Path) -> bool:
    return _NEEDS_KEYED.search(file.read_text("utf-8")) is not None


@cache
def _needs_product(file: Path) -> bool:
    # Also where helpers take a product: it is that of the file's own stack.
    return (
        not _runs_stack(file) and not _needs_keyed(file) and _NEEDS_PRODUCT.search(file.read_text("utf-8")) is not None
    )


@cache
def _place(file: Path) -> tuple[bool, ...]:
    """Return what a file is sorted by: those that take longest come first."""
    text = file.read_text("utf-8")
    shares = _needs_product(file), _needs_keyed(file)
    opens_pages, builds = _OPENS_PAGES.search(text), _BUILDS.search(text)
    return *(not each for each in shares), opens_pages is None, not _runs_stack(file), builds is None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, where several processes share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingStacks:
    """Replace xdist's scheduler."""
    return SharingStacks(config, log)
