"""Widgets in the product's database, built in the tests' own process.

A build in Prefect takes seconds of processor time; most tests need only the knowledge that it leaves.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from flows.workspace import Workspace
from tasks.core.models import BuildRequest
from tasks.records.new_builds import create_build
from tests.crawling import Crawler, open_crawler
from tests.product import Product


@dataclass(frozen=True)
class Placed:
    """A widget with its first build, which is complete and has no run in Prefect."""

    widget_id: str
    build_id: str
    token: str
    request: BuildRequest

    @property
    def owner(self) -> dict[str, str]:
        """The owner's header."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Placer:
    """Builds widgets of the product, with resources that they share."""

    crawler: Crawler
    space: Workspace

    async def __call__(self, url: str, *, depth: int = 1, max_pages: int = 3) -> Placed:
        """Build the site over plain HTTP, and publish it."""
        request = BuildRequest(url=f"{url}/", depth=depth, max_pages=max_pages)
        new = await create_build(self.crawler.pool, request)
        assert new.owner_token is not None
        await self.crawler.publish_attempt_in(self.space, new.build_id)
        return Placed(str(new.widget_id), str(new.build_id), new.owner_token, request)


@pytest.fixture(scope="session")
async def place(product: Product) -> AsyncIterator[Placer]:
    """Builds widgets of the product without Prefect."""
    with open_crawler(product.pool) as crawler:
        nowhere: UUID = await crawler.record("http://127.0.0.1:9")
        async with crawler.open_workspace(nowhere, render="never") as space:
            async with product.pool.connection() as connection:
                # Its workspace alone is used.
                await connection.execute("DELETE FROM widgets WHERE id = %s", (space.job.widget_id,))
            yield Placer(crawler, space)
