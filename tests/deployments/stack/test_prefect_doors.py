"""The embedded Prefect server: closed to foreign pages, foreign names and everyone without its login."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from deployments.stack.prefect_login import LOGIN_FILE, load_login
from deployments.stack.stack_file import STACK_FILE
from deployments.worker.warm_worker import WORK_POOL
from tests.product import Event, Product
from tests.sites.server import serve_handler

FOREIGN = "http://attacker.example"
PROBES = {"/api/health", "/api/ready"}
"""Routes that answer everybody on this machine: whether the server is up."""
SOCKETS = (
    *("/events/in", "/events/out", "/logs/out", "/task_runs/subscriptions/scheduled"),
    f"/work_pools/{WORK_POOL}/workers/connect",
)
ATTACK = """async ([api, pool, canary]) => {
    const said = [];
    for (const [mode, type] of [["cors", "application/json"], ["no-cors", "text/plain"]]) {
        const post = async (path, body) => {
            try {
                const answer = await fetch(api + path, {
                    method: "POST", mode, credentials: "include", headers: {"Content-Type": type},
                    body: JSON.stringify(body),
                });
                said.push(`${path} ${answer.type} ${answer.status}`);
                return await answer.json().catch(() => ({}));
            } catch (error) {
                said.push(`${path} ${error}`);
                return {};
            }
        };
        const flow = await post("/flows/", {name: `attack-${mode}`});
        const steps = [{"prefect.deployments.steps.run_shell_script": {script: `touch ${canary}`}}];
        const deployment = await post("/deployments/", {
            name: "attack", flow_id: flow.id, entrypoint: "x.py:x", work_pool_name: pool, pull_steps: steps,
        });
        await post(`/deployments/${deployment.id}/create_flow_run`, {state: {type: "SCHEDULED"}});
    }
    const read = await fetch(api + "/flows/filter", {method: "POST"}).then(it => it.text(), String);
    said.push(`read ${read}`);
    said.push(await new Promise(resolve => {
        const socket = new WebSocket(api.replace("http", "ws") + "/events/in", ["prefect"]);
        socket.onopen = () => resolve("socket open");
        socket.onerror = () => resolve("socket refused");
    }));
    return said;
}"""


def login_of(product: Product) -> tuple[str, str]:
    """User and password."""
    user, _, password = (product.info.prefect_auth_string or "").partition(":")
    return user, password


@pytest.fixture
async def stranger(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """A client of Prefect's server without its login."""
    async with httpx.AsyncClient(base_url=product.info.prefect_url, timeout=60, trust_env=False) as http:
        yield http


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A new tab."""
    context = await chromium.new_context()
    context.set_default_timeout(60_000)
    yield await context.new_page()
    await context.close()


async def names_of_flows(product: Product) -> set[str]:
    """Names of the flows that the server knows."""
    async with product.prefect() as client:
        return {flow.name for flow in await client.read_flows()}


async def test_a_foreign_page_cannot_run_a_command(product: Product, page: Page, tmp_path: Path) -> None:
    """It cannot post a deployment with a shell step, nor read, nor open a socket; under no name of the server."""
    canary = tmp_path / "canary"

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>Recipes</title>", content_type="text/html")

    async with serve_handler(answer) as url:
        await page.goto(url)
        for name in ("127.0.0.1", "localhost"):
            api = product.info.prefect_api_url.replace("127.0.0.1", name)
            said = await page.evaluate(ATTACK, [api, WORK_POOL, str(canary)])
            assert len(said) == 8
            # An answer that the page cannot read: of type "opaque", with status 0.
            assert [line for line in said if "Failed to fetch" not in line and "opaque 0" not in line] == [
                "socket refused"
            ]
    # Not even blindly.
    assert await names_of_flows(product) == {"build-widget", "recrawl-widgets", "housekeeping"}
    assert not os.path.exists(canary)  # noqa: ASYNC240


async def test_every_route_asks_for_the_login(product: Product, stranger: httpx.AsyncClient) -> None:
    """All routes of the API, by each method; with the login, the same server answers."""
    paths = (await stranger.get("/openapi.json")).json()["paths"]
    routes = [(method, f"/api{path}") for path, methods in paths.items() for method in methods]
    assert len(routes) > 150
    let_in = []
    for method, path in routes:
        answer = await stranger.request(method, path.replace("{", "").replace("}", ""))
        if answer.status_code not in (401, 403):
            let_in.append(path)
    assert set(let_in) <= PROBES
    wrong = await stranger.get("/api/admin/version", auth=("admin", "wrong"))
    right = await stranger.get("/api/admin/version", auth=login_of(product))
    assert (wrong.status_code, right.status_code) == (401, 200)


async def test_a_foreign_name_or_page_is_refused_with_the_login_too(
    product: Product, stranger: httpx.AsyncClient
) -> None:
    """DNS rebinding has another name, or none, or another port; a page has an origin, if only `null`."""
    port = product.info.prefect_url.rpartition(":")[2]
    stranger.auth = httpx.BasicAuth(*login_of(product))
    for path in ("/", "/api/health", "/api/admin/version", "/ui-settings"):
        for host in (f"attacker.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.attacker.example:{port}", ""):
            assert (await stranger.get(path, headers={"Host": host})).status_code == 400, (path, host)
        for origin in (FOREIGN, "null", "http://127.0.0.1:1", f"https://127.0.0.1:{port}.attacker.example"):
            answer = await stranger.get(path, headers={"Origin": origin})
            assert answer.status_code == 403, (path, origin)
            assert "access-control-allow-origin" not in answer.headers
        for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
            assert (await stranger.get(path, headers={"Host": f"{name}:{port}"})).is_success, (path, name)


async def test_a_login_without_a_token_of_the_client_changes_nothing(
    product: Product, stranger: httpx.AsyncClient
) -> None:
    """A browser that had stored the login would send it along with a form of a foreign page."""
    answer = await stranger.post("/api/flows/", json={"name": f"no-token-{uuid4()}"}, auth=login_of(product))
    assert answer.status_code == 403
    assert "CSRF" in answer.text


async def greet(url: str, token: str | None, **options: Any) -> str:
    """Open the socket as Prefect's clients do; return its first answer."""
    async with asyncio.timeout(30), connect(url, proxy=None, **{"subprotocols": ["prefect"], **options}) as socket:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        return str(await socket.recv())


@pytest.mark.parametrize("path", SOCKETS)
async def test_sockets_are_for_programs_with_the_login(product: Product, path: str) -> None:
    """A foreign page or name is refused before the handshake; a program says the login in its first message."""
    url = f"{product.info.prefect_api_url.replace('http', 'ws', 1)}{path}"
    login = product.info.prefect_auth_string
    assert "auth_success" in await greet(url, login)
    for origin in (FOREIGN, "null"):
        with pytest.raises(InvalidStatus, match="403"):
            await greet(url, login, additional_headers={"Origin": origin})
    with pytest.raises(InvalidStatus, match="403"):
        await greet(url.replace("127.0.0.1", "attacker.example"), login, host="127.0.0.1")
    for token in (None, "admin:wrong"):
        with pytest.raises(WebSocketException):
            await greet(url, token)
    with pytest.raises(WebSocketException):
        await greet(url, login, subprotocols=None)


def test_nobody_else_can_read_the_login(product: Product) -> None:
    """It is in two files of their owner, in no argument, no log, and not in the database's environment."""
    folder = product.data_dir
    for file in (folder / LOGIN_FILE, folder / STACK_FILE):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / LOGIN_FILE).parent.stat().st_mode) == 0o700
    _, password = login_of(product)
    assert len(password) > 40
    for log in (folder / "logs").iterdir():
        assert password not in log.read_text(errors="replace")
    for service in map(psutil.Process, product.info.pids.values()):
        for process in (service, *service.children(recursive=True)):
            assert password not in " ".join(process.cmdline())
    assert password not in str(psutil.Process(product.info.pids["postgres"]).environ())


def test_a_login_is_made_once_and_made_anew_if_it_was_not_written_to_its_end(tmp_path: Path) -> None:
    """A browser stays logged in over a restart; two folders have two logins."""
    first = load_login(tmp_path)
    assert load_login(tmp_path) == first
    (tmp_path / LOGIN_FILE).write_text("")
    assert load_login(tmp_path) not in (first, "")


async def test_the_ui_opens_with_the_login(built: list[Event], product: Product, page: Page, tmp_path: Path) -> None:
    """Without it no run can be seen; with it, those of the builds, under both names of the server."""
    name = built[0]["data"]["url"].removeprefix("http://").rstrip("/")
    for number, address in enumerate(
        (product.info.prefect_url, product.info.prefect_url.replace("127.0.0.1", "localhost"))
    ):
        await page.goto(f"{address}/runs")
        await page.locator("input[type=password]").fill(product.info.prefect_auth_string or "")
        assert await page.get_by_text(name).count() == 0
        await page.keyboard.press("Enter")
        await page.get_by_text(name).first.wait_for()
        await page.screenshot(path=tmp_path / f"runs-{number}.png")
