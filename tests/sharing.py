"""Tests are shared out among processes by file; those that need the whole product share one stack, and so a process."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# What tests call the product, and its builds (tests/product.py).
_NEEDS_PRODUCT = re.compile(r"\b(product: Product|built: list|recorded_build: tuple)")


class SharingOneProduct(LoadFileScheduling):
    """Files by themselves, but those with the product together."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "product" if _needs_product(self.config.rootpath / file) else file


@cache
def _needs_product(file: Path) -> bool:
    return _NEEDS_PRODUCT.search(file.read_text("utf-8")) is not None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingOneProduct:
    """How xdist shares them out."""
    return SharingOneProduct(config, log)
