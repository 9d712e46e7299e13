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

from deployments.stack.data_lock import open_data_lock
from deployments.stack.embedded_postgres import STOP_SIGNAL, Cluster, prepare_cluster
from deployments.stack.environment import (
    ADMIN_TOKEN,
    complete_database_environment,
    environment_of,
    prefect_environment,
    service_environment,
)
from deployments.stack.ports import address_of, claim_port
from deployments.stack.prefect_database import copy_prepared_database, is_complete, mark_complete
from deployments.stack.prefect_login import load_login
from deployments.stack.readiness import check_http, check_postgres, check_worker, open_check_client
from deployments.stack.service_log import ServiceLog
from deployments.stack.services import Check, Report, Service
from deployments.stack.stack_file import StackInfo, write_stack_file
from tasks.core.errors import DependencyUnavailable
from tasks.core.redacted_logs import secrets_of
from tasks.core.redaction import learn_secrets
from tasks.core.settings import Settings
from tasks.records.owner_tokens import new_token

PREFECT_PORT = 4200
WORKER_RUNS = 4
"""Maximum number of concurrent builds of the embedded worker."""
READY_TIMEOUT_S = 120.0
"""Seconds from the start of the last service until the API has seen all others; a busy machine takes several."""
READY_POLL_S = 0.2


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
    _http: httpx.AsyncClient = field(default_factory=open_check_client)

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
        """Start all services at once; each waits for those that it needs.

        Raises:
            DependencyUnavailable: a service does not start.
        """
        self._choose_addresses()
        await _run_together(self._start_prefect(), self._start_database_and_own())
        await self._wait_until_ready()
        self._publish()
        self.is_up = True

    async def stop(self) -> None:
        """Stop all services that were started, clients before servers."""
        for names in (("api", "worker"), ("prefect", "postgres")):
            await asyncio.gather(*(self.services[name].stop() for name in names if name in self.services))
        self._claims.close()
        await self._http.aclose()

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

    async def _start_database_and_own(self) -> None:
        """Start PostgreSQL, and what needs to know its address."""
        if self.settings.database_url is not None:
            self.env["DATABASE_URL"] = self.settings.database_url.get_secret_value()
            self.report("postgres", "ready", "DATABASE_URL")
            cluster = None
        else:
            self.report("postgres", "starting", "")
            cluster = await asyncio.to_thread(prepare_cluster, self.data_dir / "postgres")
            self.env["DATABASE_URL"] = cluster.url
        await _run_together(self._start_database(cluster), self._start_worker(), self._start_api())

    async def _start_database(self, cluster: Cluster | None) -> None:
        if cluster is not None:
            service = self._add("postgres", list(cluster.command), check_postgres(cluster.url))
            service.user, service.stop_signal, service.death_signal = cluster.user, STOP_SIGNAL, STOP_SIGNAL
            await service.start()
        await asyncio.to_thread(_migrate, self.env["DATABASE_URL"])

    async def _start_api(self) -> None:
        host, port = self.env["WIDGET_BUILDER_HOST"], self.env["WIDGET_BUILDER_PORT"]
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--host", host, "--port", port]
        # Open streams do not delay the shutdown for long; their clients resume.
        command += ["--log-level", "warning", "--timeout-graceful-shutdown", "2", "--no-proxy-headers"]
        command += ["--http", "api.http.deadlines:DeadlineProtocol"]
        address = address_of(host, int(port))
        await self._add("api", command, check_http(self._http, f"{address}/healthz"), address).start()

    async def _start_worker(self) -> None:
        command = [sys.executable, "-m", "deployments.worker.embedded_worker", str(WORKER_RUNS)]
        await self._add("worker", command, check_worker).start()

    async def _start_prefect(self) -> None:
        if self.prefect_login is None:
            return
        home = self.data_dir / "prefect"
        await asyncio.to_thread(copy_prepared_database, home)
        address = self.env["PREFECT_API_URL"].removesuffix("/api")
        command = [sys.executable, "-m", "deployments.stack.embedded_prefect", address.rpartition(":")[2]]
        service = self._add("prefect", command, check_http(self._http, f"{address}/api/health"), address)
        if is_complete(home):
            service.env |= complete_database_environment()
        await service.start()
        mark_complete(home)

    async def _wait_until_ready(self) -> None:
        """Wait until the API says that all it depends on is well.

        Raises:
            DependencyUnavailable: it does not within a minute; with its reasons.
        """
        api = self.services["api"]
        is_ready = check_http(self._http, f"{api.address}/readyz")
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await is_ready(api):
                    await asyncio.sleep(READY_POLL_S)
        except TimeoutError as error:
            answer = await self._http.get(f"{api.address}/readyz")
            raise DependencyUnavailable("api", f"not ready after {READY_TIMEOUT_S:g} s: {answer.text}") from error

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


def _migrate(database_url: str) -> None:
    # Imported once the services are on their way: Alembic takes most of a second.
    from tasks.records.schema import migrate

    migrate(database_url)


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
