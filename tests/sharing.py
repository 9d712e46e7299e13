"""Distribution of tests over processes: by file, with all tests of the whole product in the process of its stack."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# The fixtures of the product and its builds, as tests declare them (tests/product.py).
_NEEDS_PRODUCT = re.compile(r"\b(product: Product|built: list|recorded_build: tuple)")


class SharingOneProduct(LoadFileScheduling):
    """A scheduler that keeps each file together, and all files that need the product."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "product" if _needs_product(self.config.rootpath / file) else file


@cache
def _needs_product(file: Path) -> bool:
    return _NEEDS_PRODUCT.search(file.read_text("utf-8")) is not None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingOneProduct:
    """Replace xdist's scheduler."""
    return SharingOneProduct(config, log)
