"""The API before its database can be used: pages answer, other routes say what is missing."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from api.app import create_app
from tasks.core.errors import DependencyUnavailable
from tasks.records.schema import migrate
from tests.conftest import MakeSettings
from tests.records.databases import new_database
from tests.serving import serve_app

NO_SERVER = "http://127.0.0.1:9/api"


async def dependencies(http: httpx.AsyncClient, **asked: str) -> dict[str, str]:
    """The state of each dependency, as the API reports it."""
    answer = await http.get("/readyz", params=asked)
    assert answer.status_code == 503
    states: dict[str, str] = answer.json()["dependencies"]
    return states


async def test_pages_answer_before_the_database_can_be_used(postgres_url: str, settings: MakeSettings) -> None:
    """Routes that need it say so; once it has been migrated, it is used, and the next dependency is named."""
    url = new_database(postgres_url)
    with temporary_settings({PREFECT_API_URL: NO_SERVER}):
        app = create_app(settings(database_url=SecretStr(url), embedding_provider="local"))
        async with app.router.lifespan_context(app), serve_app(app) as http, asyncio.timeout(60):
            assert [(await http.get(path)).status_code for path in ("/", "/console", "/healthz")] == [200] * 3
            assert "empty" in (await dependencies(http))["postgresql"]
            assert "empty" in (await dependencies(http, of="api"))["postgresql"]
            assert (await http.get("/readyz", params={"of": "worker"})).status_code == 422
            refused = await http.get(f"/api/public/widgets/{uuid4()}")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "PostgreSQL" in refused.json()["error"]["message"]
            await asyncio.to_thread(migrate, url)
            while (found := await dependencies(http))["postgresql"] != "ok":
                await asyncio.sleep(0.1)
            assert "Prefect" in found["prefect"]
            ready = await http.get("/readyz", params={"of": "api"})
            assert (ready.status_code, ready.json()) == (200, {"status": "ready"}), "whatever else is away"
            assert (await http.get(f"/api/public/widgets/{uuid4()}")).status_code == 404


async def test_a_database_that_is_not_there_is_named_with_the_cause(settings: MakeSettings) -> None:
    """It is waited for: it may be starting."""
    app = create_app(settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:9/none")))
    async with app.router.lifespan_context(app), serve_app(app) as http:
        assert "refused" in (await dependencies(http))["postgresql"]


async def test_an_api_without_a_database_does_not_start(settings: MakeSettings) -> None:
    """Waiting would not help; the error says what to set."""
    app = create_app(settings(database_url=None))
    with pytest.raises(DependencyUnavailable, match="DATABASE_URL"):
        async with app.router.lifespan_context(app):
            pass
