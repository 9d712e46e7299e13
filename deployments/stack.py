"""The embedded stack: PostgreSQL, Prefect, a worker and the API on one machine, started and ended together.

With DATABASE_URL or PREFECT_API_URL set, those servers are used and not started.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deployments.ports import find_port
from deployments.postgres import open_postgres
from deployments.services import Check, Report, Service
from tasks.core.errors import DependencyUnavailable
from tasks.core.models import Frozen
from tasks.core.settings import Settings
from tasks.knowledge.schema import migrate

PREFECT_PORT = 4200
WORKER_RUNS = 4
"""Builds the embedded worker carries at once."""
WORK_POOL = "widget-builder"


class StackInfo(Frozen):
    """Where things are; also in DATA_DIR/stack.json while the stack is up."""

    api_url: str
    prefect_url: str
    """Prefect's UI."""
    prefect_api_url: str
    database_url: str
    pids: dict[str, int]


@dataclass
class Stack:
    """A stack that is up."""

    info: StackInfo
    services: list[Service]

    async def wait(self) -> None:
        """Keep the services up; never return.

        Raises:
            DependencyUnavailable: one died for good.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for service in self.services:
                    group.create_task(service.keep_up())
        except* DependencyUnavailable as errors:
            first = errors.exceptions[0]
            assert isinstance(first, DependencyUnavailable)
            raise DependencyUnavailable(first.dependency, first.problem, first.remedy) from first


@asynccontextmanager
async def open_stack(settings: Settings, report: Report) -> AsyncIterator[Stack]:
    """The stack, up when entered; everything it has started is ended on leaving.

    Raises:
        DependencyUnavailable: a service cannot be started, or another stack runs on the same data.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    data_dir = settings.data_dir.resolve()
    async with AsyncExitStack() as stack:
        stack.enter_context(_locked(data_dir))
        plan = _Plan(settings, data_dir, report, stack)
        info = await plan.carry_out()
        stack.enter_context(_published(data_dir / "stack.json", info))
        yield Stack(info, plan.services)


class _Plan:
    """The order in which the stack comes up."""

    def __init__(self, settings: Settings, data_dir: Path, report: Report, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._report = report
        self._stack = stack
        self.services: list[Service] = []
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT__")}

    async def carry_out(self) -> StackInfo:
        """Databases and Prefect side by side; then registration, worker and API."""
        pids: dict[str, int] = {}
        prefect_url = await self._plan_prefect()
        database_url, _ = await asyncio.gather(self._start_database(pids), self._start_prefect())
        self._env["DATABASE_URL"] = database_url
        await asyncio.to_thread(migrate, database_url)
        api = self._plan_api()
        worker = self._plan_worker()
        # The API's checks ask for the deployments: they come first.
        await self._register()
        self.services += [worker, api]
        for service in (worker, api):
            self._stack.push_async_callback(service.stop)
        await asyncio.gather(worker.start(), api.start())
        pids |= {service.name: service.process.pid for service in self.services if service.process}
        return StackInfo(
            api_url=api.address,
            prefect_url=prefect_url,
            prefect_api_url=self._env["PREFECT_API_URL"],
            database_url=database_url,
            pids=pids,
        )

    async def _start_database(self, pids: dict[str, int]) -> str:
        if self._settings.database_url is not None:
            self._report("postgres", "ready", "DATABASE_URL")
            return self._settings.database_url.get_secret_value()
        self._report("postgres", "starting", "")
        context = open_postgres(self._data_dir / "postgres")
        server = await asyncio.to_thread(context.__enter__)
        self._stack.callback(self._stop_database, context)
        pids["postgres"] = server.pid
        self._report("postgres", "ready", f"pid {server.pid}")
        return server.url

    def _stop_database(self, context: "contextlib.AbstractContextManager[object]") -> None:
        self._report("postgres", "stopping", "")
        context.__exit__(None, None, None)
        self._report("postgres", "stopped", "")

    async def _plan_prefect(self) -> str:
        if self._settings.prefect_api_url is not None:
            self._env["PREFECT_API_URL"] = self._settings.prefect_api_url
            return self._settings.prefect_api_url.removesuffix("/api")
        port = find_port("127.0.0.1", PREFECT_PORT)
        if port != PREFECT_PORT:
            self._report("prefect", "starting", f"port {PREFECT_PORT} is taken, using {port}")
        address = f"http://127.0.0.1:{port}"
        self._env |= _prefect_env(self._data_dir, f"{address}/api")
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        self.services.append(self._service("prefect", command, _answers(f"{address}/api/health"), address))
        return address

    async def _start_prefect(self) -> None:
        if not self.services:
            self._report("prefect", "ready", self._env["PREFECT_API_URL"])
            return
        self._stack.push_async_callback(self.services[0].stop)
        await self.services[0].start()

    async def _register(self) -> None:
        """In a process of its own: it takes Prefect's address from the environment."""
        command = [sys.executable, "-m", "deployments.registration"]
        process = await asyncio.create_subprocess_exec(
            *command, env=self._env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise DependencyUnavailable("prefect", f"registration failed: {output.decode(errors='replace')[-2_000:]}")

    def _plan_worker(self) -> Service:
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", WORK_POOL, "--name", "embedded"]
        command += ["--limit", str(WORKER_RUNS)]
        return self._service("worker", command, self._worker_is_online)

    async def _worker_is_online(self) -> bool:
        url = f"{self._env['PREFECT_API_URL']}/work_pools/{WORK_POOL}/workers/filter"
        with contextlib.suppress(httpx.HTTPError, ValueError):
            async with httpx.AsyncClient() as client:
                answer = (await client.post(url, json={})).raise_for_status()
            return any(worker["name"] == "embedded" and worker["status"] == "ONLINE" for worker in answer.json())
        return False

    def _plan_api(self) -> Service:
        host, wanted = self._settings.host, self._settings.port
        port = find_port(host, wanted)
        if port != wanted:
            self._report("api", "starting", f"port {wanted} is taken, using {port}")
        self._env |= {"WIDGET_BUILDER_HOST": host, "WIDGET_BUILDER_PORT": str(port)}
        address = f"http://{host}:{port}"
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--host", host]
        command += ["--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
        return self._service("api", command, _answers(f"{address}/readyz"), address)

    def _service(self, name: str, command: list[str], is_ready: Check, address: str = "") -> Service:
        log = self._data_dir / "logs" / f"{name}.log"
        return Service(name, command, self._env, log, is_ready, self._report, address)


def _prefect_env(data_dir: Path, api_url: str) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(data_dir / "prefect"),
        "PREFECT_API_URL": api_url,
        "PREFECT_UI_API_URL": api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # Events are found again soon after they were sent.
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        # The embedded server speaks plain HTTP on loopback; loading certificates for each client takes 50 ms.
        "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "true",
        "DO_NOT_TRACK": "1",
    }


def _answers(url: str) -> Check:
    async def ask() -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(url, timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False

    return ask


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Alone on the data; the kernel frees the lock however we end."""
    path = data_dir / ".lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DependencyUnavailable(
                "stack", f"another stack runs on {data_dir}", "stop it, or set WIDGET_BUILDER_DATA_DIR"
            ) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _published(path: Path, info: StackInfo) -> Iterator[None]:
    """Where other commands find the stack."""
    path.write_text(json.dumps(info.model_dump(), indent=2) + "\n")
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
