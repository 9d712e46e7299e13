"""Distribution of tests over processes: by file, with those of the whole product in the two processes of its stacks.

One stack for the API's own tests and one for all others: a single one would be busy long after all other tests ended.
Both begin first, and files that run stacks of their own after them, as nothing else takes so long.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# The fixtures of the product and its builds, as tests declare them (tests/product.py).
_NEEDS_PRODUCT = re.compile(r"\b(product: Product|built: list|recorded_build: tuple)")
_HAS_ITS_OWN = re.compile(r"\b(open_stack|open_keyed_stack)\(")


class SharingProducts(LoadFileScheduling):
    """A scheduler that keeps each file together, and all files that share a product."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if not _needs_product(self.config.rootpath / file):
            return file
        return "product of the API" if file.startswith("tests/api/") else "product"


@cache
def _runs_stack(file: Path) -> bool:
    return _HAS_ITS_OWN.search(file.read_text("utf-8")) is not None


@cache
def _needs_product(file: Path) -> bool:
    # Also where helpers take a product: it is that of the file's own stack.
    return not _runs_stack(file) and _NEEDS_PRODUCT.search(file.read_text("utf-8")) is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that need a stack first, where several processes share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (not _needs_product(item.path), not _runs_stack(item.path)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingProducts:
    """Replace xdist's scheduler."""
    return SharingProducts(config, log)
