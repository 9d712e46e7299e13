"""The whole product for tests: one embedded stack per session, and the company site to build from."""

import os
import socket
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse
from prefect.client.orchestration import PrefectClient

from deployments.stack.embedded_stack import open_stack
from deployments.stack.stack_file import StackInfo
from tasks.core.database import Pool, open_pool
from tasks.core.settings import load_settings
from tests.sites.server import Site, serve_site
from tests.unsafe_commits import stop_waiting_for_the_disk

PATH = "/api/public/ai-widget-builder"
ENVIRONMENT = {
    "WIDGET_BUILDER_EGRESS_ALLOW": "127.0.0.0/8",
    "WIDGET_BUILDER_PAGE_TIMEOUT_S": "5",
    "WIDGET_BUILDER_PORT": "18080",
    # All tests share one address, as visitor and as client.
    "WIDGET_BUILDER_BUILD_RATE": "100000/hour",
    "WIDGET_BUILDER_REQUEST_RATE": "1000000/minute",
    "WIDGET_BUILDER_SEARCH_RATE": "1000/minute",
    "WIDGET_BUILDER_CHAT_RATE": "1000/minute",
}
UNWANTED = (
    "DATABASE_URL",
    "PREFECT_API_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    # Of the product of the session: another stack in this process has a worker of its own.
    "WIDGET_BUILDER_WORKER_METRICS_PORT",
)

Event = dict[str, Any]


@dataclass(frozen=True)
class Product:
    """A running stack and a client of its API."""

    info: StackInfo
    http: httpx.AsyncClient
    pool: Pool
    data_dir: Path = Path()
    """The stack's data directory, if the product is that of the session."""
    worker_metrics_port: int = 0

    async def build(self, url: str, **asked: Any) -> list[Event]:
        """Return all events of a new build, up to its end."""
        return [event async for event in self.stream("POST", PATH, json={"url": url, **asked})]

    async def stream(self, method: str, path: str, **options: Any) -> AsyncIterator[Event]:
        """Yield events as they arrive, checking that each frame's id is the event's number."""
        async with aconnect_sse(self.http, method, path, timeout=120, **options) as source:
            source.response.raise_for_status()
            last_id = ""
            async for frame in source.aiter_sse():
                if not frame.data:
                    # httpx-sse also yields comments, as frames without data.
                    continue
                assert frame.event == "message"
                event = frame.json()
                # A frame without an id, like that of a log record, keeps the last one.
                last_id = str(event.get("seq", last_id))
                assert frame.id == last_id
                yield event

    async def replay(self, build_id: str, after: int | None = None) -> list[Event]:
        """Return all events of a build, or those after a number."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        return [event async for event in self.stream("GET", f"{PATH}/{build_id}/events", headers=headers)]

    def prefect(self) -> PrefectClient:
        """Return a client of the stack's Prefect server."""
        return PrefectClient(self.info.prefect_api_url, auth_string=self.info.prefect_auth_string)

    async def count(self, query: str, *values: object) -> int:
        """Return the single number a query gives."""
        async with self.pool.connection() as connection:
            row = await (await connection.execute(query, values)).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def run_product() -> AsyncIterator[Product]:
    """Run an embedded stack on a data folder of its own, with the settings of the environment."""
    # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
    with tempfile.TemporaryDirectory(prefix="product-") as name:
        os.chmod(name, 0o755)
        own = {"WIDGET_BUILDER_DATA_DIR": name, "WIDGET_BUILDER_WORKER_METRICS_PORT": str(_unused_port())}
        async with AsyncExitStack() as opened:
            # For the start alone: other tests in this process have settings of their own.
            with pytest.MonkeyPatch.context() as patch:
                for variable, value in {**ENVIRONMENT, **own}.items():
                    patch.setenv(variable, value)
                settings = load_settings(_env_file=None)
                stack = await opened.enter_async_context(open_stack(settings, lambda *_: None))
            stop_waiting_for_the_disk(stack.info.database_url)
            http = await opened.enter_async_context(api_client(stack.info.api_url))
            pool = await opened.enter_async_context(open_pool(stack.info.database_url))
            yield Product(stack.info, http, pool, Path(name), settings.worker_metrics_port or 0)


def api_client(url: str) -> httpx.AsyncClient:
    """Return a client whose idle connections end before the server closes them, which it does after 5 s."""
    return httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(keepalive_expiry=2))


def _unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
async def product() -> AsyncIterator[Product]:
    """The embedded stack on its own data folder."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in UNWANTED:
            patch.delenv(variable, raising=False)
        async with run_product() as product:
            yield product


@pytest.fixture(scope="session")
async def company() -> AsyncIterator[Site]:
    """The company site, served for the session."""
    async with serve_site() as site:
        yield site


@pytest.fixture(scope="session")
async def recorded_build(product: Product, company: Site) -> tuple[list[Event], Counter[str]]:
    """One build of the company site: its events, and the number of requests for each page."""
    company.requests.clear()
    events = await product.build(company.url, depth=3)
    return events, company.requests.copy()


@pytest.fixture(scope="session")
def built(recorded_build: tuple[list[Event], Counter[str]]) -> list[Event]:
    """The events of one build of the company site."""
    return recorded_build[0]
