"""The cluster: two workers, two API replicas, two of Prefect's servers and its services, Redis, two databases, nginx.

Compose has one PostgreSQL for both. Here Prefect's is the machine's own: that of the wheel, which has pgvector, lacks
pg_trgm, and Debian 12 lacks pgvector.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import yaml

from deployments.stack.embedded_postgres import STOP_SIGNAL, USER, find_programs, prepare_cluster
from deployments.stack.ports import claim_port
from deployments.stack.readiness import check_http, check_postgres, open_check_client
from deployments.stack.service_log import ServiceLog
from deployments.stack.services import Check, Report, Service
from deployments.stack.system_user import ensure_user
from tasks.core.child_environment import bare_environment
from tasks.core.errors import DependencyUnavailable
from tests.cluster.compose_services import ROOT, Addresses, ComposeService, read_compose_service
from tests.cluster.earlier_code import unpack_commit
from tests.cluster.gateway import write_gateway
from tests.cluster.programs import Programs

PASSWORDS = {"POSTGRES_PASSWORD": "prefects", "DATABASE_PASSWORD": "ours", "PREFECT_PASSWORD": "operators"}
LOGIN = f"admin:{PASSWORDS['PREFECT_PASSWORD']}"
FIRST_PORT = 27_100
NAMES = (
    *("product-database", "prefect-database", "redis", "nginx", "gateway", "prefect", "api-1", "api-2"),
    *("prefect-server-1", "prefect-server-2", "worker-1", "worker-2", "metrics-1", "metrics-2"),
)
ON_PORT = Path(__file__).with_name("prefect_on_port.py")
SETUP_S = 240
READY_S = 240
BUILDS_A_WORKER = "2"
"""On two cores, more would only wait."""


@dataclass
class RunningCluster:
    """A cluster that is starting or up."""

    folder: Path
    programs: Programs
    settings: Mapping[str, str]
    """Settings of the product beside Compose's."""
    report: Report
    ports: dict[str, int]
    code: Path = ROOT
    """The product's code; that of an earlier commit until it is updated."""
    services: dict[str, Service] = field(default_factory=dict)
    http: httpx.AsyncClient = field(default_factory=open_check_client)

    @property
    def api_url(self) -> str:
        """The API as visitors reach it: through nginx."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    @property
    def prefect_api_url(self) -> str:
        """Prefect's API as the product reaches it: through nginx."""
        return f"http://127.0.0.1:{self.ports['prefect']}/api"

    @property
    def database_url(self) -> str:
        """The product's database."""
        return self._compose("api").environment["DATABASE_URL"]

    async def start(self) -> None:
        """Start all, each after what Compose lets it wait for.

        Raises:
            DependencyUnavailable: a program does not start; with its last lines.
        """
        await asyncio.gather(self._start_product_database(), self._start_prefect_database(), self._start_redis())
        # Of two of Prefect's servers that begin on an empty database at once, one dies.
        await asyncio.gather(self._start_nginx(), self._start_prefect_server(1))
        setting_up = self.run_ours("setup", self._compose("setup").command[-1])
        await asyncio.gather(self._start_prefect_server(2), self._start_prefect_services(), setting_up)
        await asyncio.gather(*(self._start_worker(number) for number in (1, 2)))
        await asyncio.gather(*(self._start_api(number) for number in (1, 2)))
        await self._wait_until_ready()

    async def supervise(self) -> None:
        """Restart what dies, as Compose does; never return.

        Raises:
            DependencyUnavailable: a program died too often.
        """
        async with asyncio.TaskGroup() as group:
            for service in self.services.values():
                group.create_task(service.supervise())

    async def stop(self) -> None:
        """Stop all, clients before servers."""
        order = ("worker", "api", "nginx", "prefect-services", "prefect-server", "redis", "p")
        left = dict(self.services)
        for prefix in order:
            names = [name for name in left if name.startswith(prefix)]
            await asyncio.gather(*(left.pop(name).stop() for name in names))
        await self.http.aclose()

    async def run_ours(self, what: str, command: str) -> None:
        """Run a command of the product to its end, as Compose's `setup` does.

        Raises:
            DependencyUnavailable: it failed; with its last lines.
        """
        began = asyncio.get_running_loop().time()
        self.report(what, "starting", "")
        await _run(["sh", "-c", command], self._product_environment(self._compose("setup")), SETUP_S)
        self.report(what, "ended", f"after {asyncio.get_running_loop().time() - began:.1f} s")

    def process_of(self, name: str) -> psutil.Process:
        """Return a service's process."""
        running = self.services[name].process
        assert running is not None
        return psutil.Process(running.pid)

    def runs(self) -> list[psutil.Process]:
        """Return the processes of builds on all workers."""
        workers = [self.process_of(name) for name in self.services if name.startswith("worker")]
        return [run for worker in workers for forking in worker.children() for run in forking.children()]

    async def _start_product_database(self) -> None:
        port, folder = self.ports["product-database"], self.folder / "product-database"
        cluster = await asyncio.to_thread(prepare_cluster, folder)
        command = [*cluster.command, "-c", "listen_addresses=127.0.0.1", "-p", str(port)]
        await self._start_postgres("product-database", command, cluster.user)
        script = read_compose_script()
        environment = {
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "postgres",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
        }
        environment |= {"PATH": f"{find_programs()}:/usr/bin:/bin", **PASSWORDS}
        await _run(["bash", "-e", "-c", script], environment)

    async def _start_prefect_database(self) -> None:
        folder, user = self.folder / "prefect-database", USER if os.geteuid() == 0 else None
        folder.mkdir(mode=0o700)
        if user is not None:
            os.chown(folder, ensure_user(user), -1)
        initdb = [str(self.programs.postgres / "initdb"), "-D", str(folder / "data"), "-U", "prefect", "-E", "UTF8"]
        await _run([*initdb, "--locale=C.UTF-8", "--auth=trust"], bare_environment(os.environ), user=user)
        command = [str(self.programs.postgres / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
        command += ["-p", str(self.ports["prefect-database"]), "-c", "listen_addresses=127.0.0.1"]
        await self._start_postgres("prefect-database", [*command, "-c", "max_connections=200"], user)
        createdb = [str(self.programs.postgres / "createdb"), "-h", "127.0.0.1", "-U", "prefect", "prefect"]
        await _run([*createdb, "-p", str(self.ports["prefect-database"])], bare_environment(os.environ))

    async def _start_postgres(self, name: str, command: list[str], user: str | None) -> None:
        superuser = {"product-database": "postgres", "prefect-database": "prefect"}[name]
        url = f"postgresql://{superuser}@127.0.0.1:{self.ports[name]}/postgres"
        service = self._add(name, command, bare_environment(os.environ), check_postgres(url))
        service.user, service.stop_signal, service.death_signal = user, STOP_SIGNAL, STOP_SIGNAL
        await service.start()

    async def _start_redis(self) -> None:
        compose = self._compose("redis")
        (folder := self.folder / "redis").mkdir()
        command = [str(self.programs.redis), *compose.command[1:], "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--port", str(self.ports["redis"]), "--save", ""]
        await self._add("redis", command, bare_environment(os.environ), self._check_redis).start()

    async def _check_redis(self, _service: Service) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.ports["redis"])
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.readline()
        writer.close()
        return answer == b"+PONG\r\n"

    async def _start_nginx(self) -> None:
        replicas = {
            "gateway": (self.ports["gateway"], [self.ports["api-1"], self.ports["api-2"]]),
            "prefect": (self.ports["prefect"], [self.ports["prefect-server-1"], self.ports["prefect-server-2"]]),
        }
        (folder := self.folder / "nginx").mkdir()
        file = write_gateway(folder, replicas)
        command = [str(self.programs.nginx), "-p", str(folder), "-c", str(file), "-e", "stderr"]
        environment = bare_environment(os.environ)
        await self._add("nginx", command, environment, self._check_status(f"{self.api_url}/nginx-is-up", 204)).start()

    async def _start_prefect_server(self, number: int) -> None:
        name = f"prefect-server-{number}"
        compose, port = self._compose("prefect-server", name), self.ports[name]
        command = [sys.executable, str(ON_PORT), str(port), *compose.command[1:]]
        # As Compose asks: without a login.
        is_ready = check_http(self.http, f"http://127.0.0.1:{port}/api/ready")
        await self._add(name, command, self._prefect_environment(compose), is_ready).start()

    async def _start_prefect_services(self) -> None:
        compose = self._compose("prefect-services")

        async def is_ready(service: Service) -> bool:
            return "Starting services" in service.log.read()

        await self._add("prefect-services", compose.command, self._prefect_environment(compose), is_ready).start()

    async def _start_worker(self, number: int) -> None:
        name = f"worker-{number}"
        compose, port = self._compose("worker", name), self.ports[name]
        environment = self._product_environment(compose) | {
            "PREFECT_WORKER_WEBSERVER_PORT": str(port),
            "WIDGET_BUILDER_HOST": "127.0.0.1",
            "WIDGET_BUILDER_WORKER_METRICS_PORT": str(self.ports[f"metrics-{number}"]),
        }
        # The sites are on this machine, which is no network with one way out (`tests/web/test_upstream_gate.py`).
        for variable in ("WIDGET_BUILDER_EGRESS_PROXY", "HTTPS_PROXY"):
            del environment[variable]
        command = compose.with_options({"--limit": BUILDS_A_WORKER})
        is_ready = check_http(self.http, f"http://127.0.0.1:{port}/health")
        await self._add(name, [*command, "--name", name], environment, is_ready).start()

    async def _start_api(self, number: int) -> None:
        name = f"api-{number}"
        compose, port = self._compose("api", name), self.ports[name]
        command = compose.with_options({"--host": "127.0.0.1", "--port": str(port)})
        is_ready = check_http(self.http, f"http://127.0.0.1:{port}/healthz")
        environment = self._product_environment(compose) | {"WIDGET_BUILDER_PUBLIC_URL": self.api_url}
        await self._add(name, command, environment, is_ready).start()

    async def _wait_until_ready(self) -> None:
        """Wait until both replicas find all they depend on."""
        for name in ("api-1", "api-2"):
            url = f"http://127.0.0.1:{self.ports[name]}/readyz"
            try:
                async with asyncio.timeout(READY_S):
                    while not await check_http(self.http, url)(self.services[name]):
                        await asyncio.sleep(0.5)
            except TimeoutError as error:
                text = (await self.http.get(url)).text
                raise DependencyUnavailable(name, f"not ready after {READY_S} s: {text}") from error

    def _check_status(self, url: str, status: int) -> Check:
        async def ask(_service: Service) -> bool:
            try:
                return (await self.http.get(url)).status_code == status
            except httpx.HTTPError:
                return False

        return ask

    def _compose(self, name: str, own: str | None = None) -> ComposeService:
        """Read a service of docker-compose.yml, with a folder of its own for what it writes."""
        hosts = {
            "postgres:5432/prefect": f"127.0.0.1:{self.ports['prefect-database']}/prefect",
            "postgres:5432/widget_builder": f"127.0.0.1:{self.ports['product-database']}/widget_builder",
            "redis:6379": f"127.0.0.1:{self.ports['redis']}",
            "prefect-server:4200": f"127.0.0.1:{self.ports['prefect']}",
        }
        (folder := self.folder / "homes" / (own or name)).mkdir(parents=True, exist_ok=True)
        return read_compose_service(name, Addresses(hosts, PASSWORDS), folder)

    def _prefect_environment(self, compose: ComposeService) -> dict[str, str]:
        # Name and port are variables of their own.
        redis = {"HOST": "127.0.0.1", "PORT": str(self.ports["redis"])}
        own = {f"PREFECT_REDIS_MESSAGING_{name}": value for name, value in redis.items()}
        return _environment(compose) | own | {"PYTHONPATH": str(self.programs.redis_package)}

    def _product_environment(self, compose: ComposeService) -> dict[str, str]:
        home = str(compose.folder)
        # As the image has them.
        image = {"HOME": home, "PREFECT_HOME": f"{home}/prefect", "WIDGET_BUILDER_DATA_DIR": f"{home}/data"}
        ours = {"PYTHONPATH": str(self.code), "WIDGET_BUILDER_TRUSTED_PROXIES": "127.0.0.1/32"}
        return _environment(compose) | image | ours | dict(self.settings)

    def _add(self, name: str, command: list[str], environment: dict[str, str], is_ready: Check) -> Service:
        log = ServiceLog(self.folder / "logs" / f"{name}.log")
        self.services[name] = Service(name, command, environment, log, is_ready, self.report)
        return self.services[name]


def _environment(compose: ComposeService) -> dict[str, str]:
    ours = bare_environment(os.environ)
    path = f"{Path(sys.executable).parent}:{ours.get('PATH', os.defpath)}"
    return ours | {"PATH": path, **compose.environment}


def read_compose_script() -> str:
    """Return the script that makes the product's role and database."""
    configs = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["configs"]
    return str(configs["product-database"]["content"]).replace("$$", "$")


async def _run(command: list[str], environment: dict[str, str], timeout_s: float = 60, user: str | None = None) -> None:
    """Run a program to its end.

    Raises:
        DependencyUnavailable: it failed; with its last lines.
    """

    def run() -> None:
        subprocess.run(
            command,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    try:
        await asyncio.to_thread(run)
    except subprocess.SubprocessError as error:
        output = f"{getattr(error, 'stdout', '')}{getattr(error, 'stderr', '')}"
        raise DependencyUnavailable(Path(command[0]).name, f"{error}\n{output[-2_000:]}") from error


@asynccontextmanager
async def open_cluster(
    programs: Programs, settings: Mapping[str, str], report: Report, before: str | None = None
) -> AsyncIterator[RunningCluster]:
    """Start the cluster in a temporary folder on free ports, and stop all of it on leaving.

    `before`: the commit whose product is started.

    Raises:
        DependencyUnavailable: a program does not start.
    """
    # From there no program reads a .env of the repository. PostgreSQL and nginx drop root's rights, and must enter it.
    with tempfile.TemporaryDirectory(prefix="cluster-") as name, contextlib.chdir(name), ExitStack() as claims:
        os.chmod(name, 0o755)
        ports: dict[str, int] = {}
        for each in NAMES:
            taken = frozenset(ports.values())
            ports[each] = claims.enter_context(claim_port("127.0.0.1", FIRST_PORT + len(ports), taken))
        code = ROOT if before is None else unpack_commit(before, Path(name) / "before")
        cluster = RunningCluster(Path(name), programs, settings, report, ports, code)
        try:
            await cluster.start()
            yield cluster
        finally:
            await cluster.stop()
