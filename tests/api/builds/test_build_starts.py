"""Starts of flow runs: tried again while Prefect is busy, and given up with the cause."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest

from api.app_state import AppState
from api.builds import build_routes
from api.builds.build_routes import start_run
from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.models import BuildRequest
from tasks.records.builds import read_build
from tasks.records.new_builds import create_build

REQUEST = BuildRequest(url="https://a.example/", depth=0, max_pages=1)


@dataclass
class BusyPrefect:
    """Refuses so many starts."""

    refusals: int
    run_id: UUID
    asked: int = 0

    async def start(self, *_: object) -> UUID:
        """Return the run, or refuse as Prefect's client does."""
        self.asked += 1
        if self.asked <= self.refusals:
            raise DependencyUnavailable("Prefect", "503 Service Unavailable")
        return self.run_id


async def start(pool: Pool, monkeypatch: pytest.MonkeyPatch, refusals: int) -> tuple[BusyPrefect, UUID]:
    """Start a build's run on it; without pauses."""
    monkeypatch.setattr(build_routes, "START_PAUSES_S", (0.0, 0.0))
    build_id = (await create_build(pool, REQUEST)).build_id
    prefect = BusyPrefect(refusals, uuid4())
    await start_run(cast(AppState, SimpleNamespace(runs=prefect, pool=pool)), build_id, REQUEST)
    return prefect, build_id


async def test_a_build_starts_when_prefect_has_been_busy(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has not failed in the meantime."""
    prefect, build_id = await start(pool, monkeypatch, refusals=2)
    build = await read_build(pool, build_id)
    assert (build.status, build.flow_run_id, prefect.asked) == ("pending", prefect.run_id, 3)


async def test_a_build_that_prefect_never_takes_fails_with_the_cause(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last pause."""
    prefect, build_id = await start(pool, monkeypatch, refusals=3)
    build = await read_build(pool, build_id)
    assert (build.status, prefect.asked) == ("failed", 3)
    assert "503" in str(build.error)
