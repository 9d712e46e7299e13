"""Prefect's server of Compose and Kubernetes: the program that both run, with Prefect's own application."""

from typing import Any

import httpx
import pytest
import uvicorn

from deployments.kubernetes import guarded_prefect
from tests.deployments.kubernetes.test_manifests import FOLDER, KUSTOMIZATION, container, pod, ports
from tests.deployments.test_compose import COMPOSE, ROOT, SERVICES

NAME = "prefect-server"
PROGRAM = "deployments/kubernetes/guarded_prefect.py"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The application that is served, under the options it is served with."""
    served: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.update(options, app=app))
    guarded_prefect.main()
    assert {"host": "0.0.0.0", "port": ports(NAME)["http"]}.items() <= served.items()
    return served["app"]


async def ask(app: Any, host: str) -> httpx.Response:
    """The response to the health check's request under a name."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4200") as http:
        return await http.get("/api/health", headers={"Host": host})


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "localhost", "prefect-server:4200"])
async def test_it_answers_under_the_names_it_is_reached_by(app: Any, host: str) -> None:
    """Of forwarded ports, probes and the service."""
    assert (await ask(app, host)).status_code == 200


@pytest.mark.parametrize(
    "host", ["rebound.example:4200", "rebound.example", "127.0.0.1.example:4200", "10.1.2.3:4200", ""]
)
async def test_it_answers_under_no_other_name(app: Any, host: str) -> None:
    """A page that has made a name of its own lead here is not heard."""
    assert (await ask(app, host)).status_code == 400


async def test_events_under_another_name_are_refused(app: Any) -> None:
    """Those of a WebSocket, to which no rule of origins applies."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/api/events/out",
        "headers": [(b"host", b"rebound.example:4200")],
        "extensions": {"websocket.http.response": {}},
    }
    await app(scope, receive, send)
    assert [(it["type"], it.get("status")) for it in sent][:1] == [("websocket.http.response.start", 400)]


def test_both_run_it_where_they_put_it() -> None:
    """Compose by a config, Kubernetes by a generated map of files."""
    [config] = SERVICES[NAME]["configs"]
    assert SERVICES[NAME]["command"] == ["python", config["target"]]
    assert COMPOSE["configs"][config["source"]] == {"file": PROGRAM}
    assert (ROOT / PROGRAM).is_file()
    [generated] = KUSTOMIZATION["configMapGenerator"]
    [mounted] = [it["name"] for it in pod(NAME)["volumes"] if it.get("configMap") == {"name": generated["name"]}]
    [place] = [it["mountPath"] for it in container(NAME)["volumeMounts"] if it["name"] == mounted]
    assert [f"{place}/{file}" for file in generated["files"]] == [config["target"]]
    assert all((FOLDER / file).is_file() for file in generated["files"])


@pytest.mark.parametrize("kind", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_ask_under_one_of_its_names(kind: str) -> None:
    """A probe's own `Host` is the pod's address."""
    [header] = container(NAME)[kind]["httpGet"]["httpHeaders"]
    assert header["name"] == "Host"
    assert header["value"] in guarded_prefect.NAMES
