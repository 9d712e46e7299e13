"""Fixtures for the tests of all rooms: a real, migrated PostgreSQL, and settings isolated from the environment."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from pydantic import SecretStr

from deployments.stack.embedded_postgres import open_postgres
from tasks.core.database import Pool, open_pool
from tasks.core.settings import Settings
from tasks.records.schema import migrate
from tests.unsafe_commits import stop_waiting_for_the_disk

pytest_plugins = [
    "tests.sharing",
    "tests.product",
    "tests.stopping",
    "tests.collecting",
    "tests.browsers",
    "tests.crawling",
    "tests.placing",
    "tests.deployments.keyed_stack",
]

# The machine may be busy, and the first example of a test may load a model.
hypothesis.settings.register_profile("any_speed", deadline=None)
hypothesis.settings.load_profile("any_speed")

MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server with pgvector; stopped and removed at the end."""
    # Not under pytest's own folder: the server drops root's rights and could not enter it.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with open_postgres(folder / "data") as server:
            stop_waiting_for_the_disk(server.url)
            yield server.url


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> str:
    """A database with the current schema."""
    migrate(postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of connections to the test database."""
    async with open_pool(database_url) as pool:
        yield pool


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSettings:
    """A factory of settings: the test database, no `.env`, no environment, and the test's overrides."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)

    def make(**overrides: object) -> Settings:
        values = {"database_url": SecretStr(database_url), "data_dir": tmp_path, **overrides}
        return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]

    return make
