"""The doctor on the Prefect server."""

from base64 import b64encode
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import SecretStr

from tests.conftest import MakeSettings
from tests.deployments.checks.examining import NOBODY, find, problem_and_remedy
from tests.sites.server import serve_handler


@pytest.mark.parametrize("url", [f"http://anna:hunter2@{NOBODY}/api", "http://127.0.0.1:99999/api", "http://[::1/api"])
async def test_an_unreachable_prefect_server_is_a_finding(settings: MakeSettings, url: str) -> None:
    """Connection refused, or no valid URL: the setting is named, its secrets are not shown."""
    finding = await find("Prefect", settings(prefect_api_url=url))
    _, remedy = problem_and_remedy(finding)
    assert "PREFECT_API_URL" in remedy
    assert "hunter2" not in repr(finding)


async def test_a_page_that_is_no_prefect_server_is_a_finding(settings: MakeSettings) -> None:
    """The answer of a proxy or another product is not taken for Prefect's."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<h1>Welcome</h1>", content_type="text/html")

    async with serve_handler(answer) as url:
        problem, _ = problem_and_remedy(await find("Prefect", settings(prefect_api_url=f"{url}/api")))
    assert "does not answer as a Prefect server does" in problem


@pytest.mark.parametrize(("login", "named"), [(None, "asks for a login"), ("admin:hunter2", "refuses the login")])
async def test_a_prefect_server_that_wants_another_login_is_a_finding(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, login: str | None, named: str
) -> None:
    """Whether it is missing or wrong is said, with the setting; the login itself is not shown."""
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Authorization"))
        return web.json_response({"exception_message": "Unauthorized"}, status=401)

    async with serve_handler(answer) as url:
        secret = SecretStr(login) if login else None
        finding = await find("Prefect", settings(prefect_api_url=f"{url}/api", prefect_api_auth_string=secret))
    problem, remedy = problem_and_remedy(finding)
    assert named in problem
    assert "PREFECT_API_AUTH_STRING" in remedy
    assert "hunter2" not in repr(finding)
    assert asked == [f"Basic {b64encode(login.encode()).decode()}" if login else None]


DEPLOYED = [
    {"id": str(uuid4()), "flow_id": str(uuid4()), "name": name, "entrypoint": entrypoint}
    for name, entrypoint in [
        ("build", "flows.build.build_widget"),
        ("nightly", "flows.recrawl.recrawl_widgets"),
        ("housekeeping", "flows.housekeeping.housekeeping"),
    ]
]


@pytest.mark.parametrize(
    ("version", "pool_status", "deployed", "named", "remedy"),
    [
        ("3.7.9", 200, DEPLOYED, "3.7.9", "run Prefect 3."),
        ("4.0.0", 200, DEPLOYED, "4.0.0", "run Prefect 3."),
        ("3.99.0", 404, DEPLOYED, "no work pool widget-builder", "widget-builder register"),
        ("3.99.0", 200, DEPLOYED[:1], "lacks the deployments nightly", "widget-builder register"),
        ("3.99.0", 200, DEPLOYED, "no worker is online", "prefect worker start --pool widget-builder"),
    ],
)
async def test_a_prefect_server_that_lacks_something_has_its_remedy(
    settings: MakeSettings, version: str, pool_status: int, deployed: list[object], named: str, remedy: str
) -> None:
    """Old version, other major version; missing pool, deployment or worker."""

    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path.removeprefix("/api"):
            case "/admin/version":
                return web.json_response(version)
            case "/deployments/filter":
                return web.json_response(deployed)
            case "/csrf-token":
                return web.json_response({"detail": "CSRF protection is disabled."}, status=422)
            case "/work_pools/widget-builder":
                pool = {"id": str(uuid4()), "name": "widget-builder", "type": "widget-builder"}
                return web.json_response(pool | {"default_queue_id": str(uuid4())}, status=pool_status)
        return web.json_response([])

    async with serve_handler(answer) as url:
        problem, said = problem_and_remedy(await find("Prefect", settings(prefect_api_url=f"{url}/api")))
    assert named in problem
    assert remedy in said
