"""The embedded stack: PostgreSQL, Prefect, a worker and the API on one machine, started and stopped together.

If DATABASE_URL or PREFECT_API_URL is set, that server is used and none is started.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from deployments.stack.child_processes import parent_death_hook
from deployments.stack.data_lock import open_data_lock
from deployments.stack.embedded_postgres import STOP_SIGNAL, Cluster, prepare_cluster
from deployments.stack.environment import ADMIN_TOKEN, environment_of, prefect_environment, service_environment
from deployments.stack.ports import address_of, claim_port
from deployments.stack.prefect_database import copy_prepared_database
from deployments.stack.prefect_login import load_login
from deployments.stack.service_log import ServiceLog
from deployments.stack.services import Check, Report, Service
from deployments.stack.stack_file import StackInfo, write_stack_file
from deployments.worker.runtime_internals import has_worker_started
from tasks.core.errors import DependencyUnavailable
from tasks.core.redacted_logs import secrets_of
from tasks.core.redaction import learn_secrets
from tasks.core.settings import Settings
from tasks.records.owner_tokens import new_token
from tasks.records.schema import migrate

PREFECT_PORT = 4200
WORKER_RUNS = 4
"""Maximum number of concurrent builds of the embedded worker."""
WORK_POOL = "widget-builder"


@dataclass
class Stack:
    """A stack that is starting or up."""

    settings: Settings
    data_dir: Path
    report: Report
    env: dict[str, str]
    """Environment of all services together; each gets the part that it needs."""
    admin_token: str
    """Administrator's token: the setting, or a random one that is valid while the stack is up."""
    prefect_login: str | None = None
    """Login of the embedded Prefect server, `user:password`."""
    services: dict[str, Service] = field(default_factory=dict)
    is_up: bool = False
    _claims: ExitStack = field(default_factory=ExitStack)
    """Claims on our ports."""

    @property
    def info(self) -> StackInfo:
        """Current addresses of the services."""
        prefect_api_url = self.env["PREFECT_API_URL"]
        return StackInfo(
            api_url=self.services["api"].address,
            prefect_url=prefect_api_url.removesuffix("/api"),
            prefect_api_url=prefect_api_url,
            prefect_auth_string=self.prefect_login,
            database_url=self.env["DATABASE_URL"],
            admin_token=self.admin_token,
            pids={name: service.process.pid for name, service in self.services.items() if service.process},
        )

    async def wait(self) -> None:
        """Supervise the services; never return.

        Raises:
            DependencyUnavailable: a service crashed too often.
        """
        await _run_together(*(service.supervise() for service in self.services.values()))

    async def start(self) -> None:
        """Start all services: database and Prefect concurrently, API and worker as soon as these are ready.

        Raises:
            DependencyUnavailable: a service does not start.
        """
        self._choose_addresses()
        database_ready = asyncio.Event()
        await _run_together(
            self._start_database_and_api(database_ready), self._start_prefect_and_worker(database_ready)
        )
        self._publish()
        self.is_up = True

    async def stop(self) -> None:
        """Stop all services that were started, clients before servers."""
        for names in (("api", "worker"), ("prefect", "postgres")):
            await asyncio.gather(*(self.services[name].stop() for name in names if name in self.services))
        self._claims.close()

    def _choose_addresses(self) -> None:
        host = self.settings.host
        try:
            api_port = self._choose_port("api", host, self.settings.port, frozenset())
        except OSError as error:
            raise DependencyUnavailable(
                "api", f"the API cannot listen on {host}: {error}", "correct WIDGET_BUILDER_HOST"
            ) from error
        self.env |= {"WIDGET_BUILDER_HOST": host, "WIDGET_BUILDER_PORT": str(api_port)}
        if self.settings.prefect_api_url is not None:
            self.env["PREFECT_API_URL"] = self.settings.prefect_api_url
            self.report("prefect", "ready", f"{self.settings.prefect_api_url} (PREFECT_API_URL)")
            return
        port = self._choose_port("prefect", "127.0.0.1", PREFECT_PORT, frozenset({api_port}))
        self.prefect_login = load_login(self.data_dir)
        learn_secrets([self.prefect_login])
        self.env |= prefect_environment(self.data_dir / "prefect", f"http://127.0.0.1:{port}/api", self.prefect_login)

    def _choose_port(self, name: str, host: str, wanted: int, taken: frozenset[int]) -> int:
        port = self._claims.enter_context(claim_port(host, wanted, taken))
        if port != wanted:
            self.report(name, "starting", f"port {wanted} is taken, using {port}")
        return port

    async def _start_database_and_api(self, database_ready: asyncio.Event) -> None:
        if self.settings.database_url is not None:
            self.env["DATABASE_URL"] = self.settings.database_url.get_secret_value()
            self.report("postgres", "ready", "DATABASE_URL")
        else:
            self.report("postgres", "starting", "")
            cluster = await asyncio.to_thread(prepare_cluster, self.data_dir / "postgres")
            self.env["DATABASE_URL"] = cluster.url
            await self._start_postgres(cluster)
        await asyncio.to_thread(migrate, self.env["DATABASE_URL"])
        database_ready.set()
        await self._start_api()

    async def _start_postgres(self, cluster: Cluster) -> None:
        service = self._add("postgres", list(cluster.command), _check_postgres(cluster.url))
        service.user, service.stop_signal = cluster.user, STOP_SIGNAL
        await service.start()

    async def _start_api(self) -> None:
        host, port = self.env["WIDGET_BUILDER_HOST"], self.env["WIDGET_BUILDER_PORT"]
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--host", host, "--port", port]
        # Open streams do not delay the shutdown for long; their clients resume.
        command += ["--log-level", "warning", "--timeout-graceful-shutdown", "2", "--no-proxy-headers"]
        command += ["--http", "api.http.deadlines:DeadlineProtocol"]
        address = address_of(host, int(port))
        await self._add("api", command, _check_http(f"{address}/readyz"), address).start()

    async def _start_prefect_and_worker(self, database_ready: asyncio.Event) -> None:
        await _run_together(self._start_prefect(), self._register())
        await database_ready.wait()
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", WORK_POOL]
        command += ["--name", f"{os.uname().nodename}-embedded", "--limit", str(WORKER_RUNS)]
        await self._add("worker", command, _has_worker_started).start()

    async def _start_prefect(self) -> None:
        if self.prefect_login is None:
            return
        await asyncio.to_thread(copy_prepared_database, self.data_dir / "prefect")
        address = self.env["PREFECT_API_URL"].removesuffix("/api")
        port = address.rpartition(":")[2]
        command = [
            sys.executable,
            "-m",
            "deployments.stack.embedded_prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            port,
        ]
        await self._add("prefect", command, _check_http(f"{address}/api/health"), address).start()

    async def _register(self) -> None:
        """Register in a process of its own, which reads Prefect's URL from the environment and imports meanwhile."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deployments.stack.registration"),
            env=environment_of("registration", self.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=parent_death_hook(),
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise DependencyUnavailable("prefect", f"registration failed: {output.decode(errors='replace')[-2_000:]}")

    def _add(self, name: str, command: list[str], is_ready: Check, address: str = "") -> Service:
        log, env = ServiceLog(self.data_dir / "logs" / f"{name}.log"), environment_of(name, self.env)
        service = Service(name, command, env, log, is_ready, self._report_and_publish, address)
        self.services[name] = service
        return service

    def _report_and_publish(self, name: str, state: str, detail: str) -> None:
        self.report(name, state, detail)
        if self.is_up and state == "ready":
            self._publish()

    def _publish(self) -> None:
        write_stack_file(self.data_dir, self.info)


@asynccontextmanager
async def open_stack(settings: Settings, report: Report) -> AsyncIterator[Stack]:
    """Start the stack, and stop everything that it has started on leaving.

    Raises:
        DependencyUnavailable: a service cannot be started, or another stack runs on the data directory.
    """
    with open_data_lock(settings.data_dir) as data_dir:
        admin_token = settings.admin_token.get_secret_value() if settings.admin_token else new_token()
        learn_secrets([*secrets_of(settings, os.environ), admin_token])
        env = service_environment(os.environ, settings) | {ADMIN_TOKEN: admin_token}
        stack = Stack(settings, data_dir, report, env, admin_token)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()


async def _run_together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all concurrently; the first failure cancels the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except* DependencyUnavailable as errors:
        raise _first(errors) from None


def _first(group: "BaseExceptionGroup[DependencyUnavailable]") -> DependencyUnavailable:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _check_http(url: str) -> Check:
    async def ask(_service: Service) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(url, timeout=5)).status_code == 200
        except httpx.HTTPError:
            return False

    return ask


def _check_postgres(url: str) -> Check:
    async def connect(_service: Service) -> bool:
        try:
            await (await psycopg.AsyncConnection.connect(url, connect_timeout=5)).close()
        except psycopg.OperationalError:
            return False
        return True

    return connect


async def _has_worker_started(worker: Service) -> bool:
    # Our worker registers with the server once its fork server is ready.
    return has_worker_started(worker.log.read())
