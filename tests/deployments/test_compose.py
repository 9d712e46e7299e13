"""docker-compose.yml and the image definition, read as Compose would read them: no engine runs here.

What can be tried without one is tried: the set-up script on a real PostgreSQL, the commands' options on the real
programs.
"""

import fnmatch
import importlib
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from itertools import takewhile
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_settings_fields
from psycopg.conninfo import make_conninfo

from deployments.stack.embedded_postgres import find_programs
from deployments.stack.environment import ADMIN_TOKEN, prefect_environment, service_environment
from deployments.stack.registration import DECLARATION
from tasks.core.settings import PREFIX, Settings
from tasks.records.schema import LEAST_PGVECTOR, migrate
from tests.conftest import MakeSettings

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deployments" / "Dockerfile").read_text()
OURS = [name for name, service in SERVICES.items() if "build" in service]
PREFECT = [name for name, service in SERVICES.items() if service.get("image", "").startswith("prefecthq/")]
SYSTEM = {"HOME"}
OF_PREFECT_REDIS = {"PREFECT_REDIS_MESSAGING_HOST", "PREFECT_REDIS_MESSAGING_PORT", "PREFECT_REDIS_MESSAGING_DB"}
"""Settings of the package prefect-redis, which is in Prefect's image and not here."""
PRODUCT = [name for name in OURS if name != "egress"]
"""Those that know the database, Prefect and the settings of builds."""
OF_OTHERS = {"OTEL_EXPORTER_OTLP_HEADERS", "HTTPS_PROXY", "NO_PROXY"}
"""Variables that libraries read."""
FIXED = {"DATA_DIR", "HOST", "PORT", "BROWSER_PATH", "WORKER_METRICS_PORT", "EGRESS_PROXY"}
"""Settings of ours that the image, the command or the service fixes."""
ELSEWHERE = {"PREFECT_API_KEY"}
"""Settings for a Prefect server that is not this one."""


def environment_names(settings: type[Settings]) -> set[str]:
    """The environment variables that a settings class reads."""
    aliases = (field.validation_alias for field in settings.model_fields.values())
    known = {str(alias.choices[0]) for alias in aliases if hasattr(alias, "choices")}
    plain = {name for name, field in settings.model_fields.items() if field.validation_alias is None}
    return known | {f"{PREFIX}{name.upper()}" for name in plain}


def locked(package: str) -> str:
    """The version of requirements.txt."""
    found = re.search(rf"^{package}==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert found
    return found[1]


def programs(service: dict[str, Any]) -> list[list[str]]:
    """The commands that a service runs, one after the other."""
    command = service["command"]
    if command[:2] == ["sh", "-c"]:
        return [part.split() for part in command[2].split("&&")]
    return [command]


def copied() -> list[str]:
    """Files that the image copies from the repository."""
    lines = [line.split()[1:] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    return [source for words in lines if not words[0].startswith("--from") for source in words[:-1]]


def test_every_variable_has_a_default_or_an_error() -> None:
    """No variable becomes empty silently."""
    uses = re.findall(r"(?<!\$)\$(?!\$)(\{?)(\w+)(:[-?])?", TEXT)
    assert uses
    assert [name for brace, name, rule in uses if not (brace and rule)] == []


def test_no_password_has_a_default() -> None:
    """A secret that is not set prevents the start."""
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)(:[-?])", TEXT)
    assert {name for name, _ in secrets} == {"POSTGRES_PASSWORD", "DATABASE_PASSWORD", "PREFECT_PASSWORD"}
    assert {rule for _, rule in secrets} == {":?"}


def test_prefect_asks_for_the_login_that_its_clients_have() -> None:
    """Server, services and clients share it; changes need a token, and only the UI's pages may ask."""
    login = SERVICES["prefect-server"]["environment"]["PREFECT_SERVER_API_AUTH_STRING"]
    assert login == "admin:${PREFECT_PASSWORD:?set it in .env}"
    for name in PREFECT:
        assert SERVICES[name]["environment"]["PREFECT_SERVER_API_AUTH_STRING"] == login
        assert SERVICES[name]["environment"]["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    for name in PRODUCT:
        assert SERVICES[name]["environment"]["PREFECT_API_AUTH_STRING"] == login
        assert "PREFECT_SERVER_API_AUTH_STRING" not in SERVICES[name]["environment"]
    server = SERVICES["prefect-server"]["environment"]
    page = server["PREFECT_SERVER_UI_API_URL"].removesuffix("/api")
    assert server["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"].split(",") == [page, page.replace("127.0.0.1", "localhost")]


def test_workers_never_get_the_superuser_s_password() -> None:
    """The worker, which opens strangers' pages, has the product's own role."""
    for name in OURS:
        assert "POSTGRES_PASSWORD" not in yaml.safe_dump(SERVICES[name])


def test_only_the_api_is_published_to_the_world() -> None:
    """Everything else is unpublished or on loopback."""
    published = {(name, str(port)) for name, service in SERVICES.items() for port in service.get("ports", ())}
    assert {name for name, port in published if not port.startswith("127.0.0.1:")} == {"api"}


def test_databases_have_no_internet_access_and_redis_serves_prefect_alone() -> None:
    """A worker that a page has taken over cannot reach Redis."""
    assert COMPOSE["networks"]["data"]["internal"]
    assert COMPOSE["networks"]["messaging"]["internal"]
    assert SERVICES["postgres"]["networks"] == ["data"]
    assert SERVICES["redis"]["networks"] == ["messaging"]
    assert {name for name in SERVICES if "messaging" in SERVICES[name]["networks"]} == {"redis", *PREFECT}


def test_workers_have_one_way_out_the_egress_gate() -> None:
    """Their networks are internal, and nothing else of ours is on the gate's; the gate knows no secret."""
    internal = {name for name, network in COMPOSE["networks"].items() if network and network.get("internal")}
    members = {net: {name for name in SERVICES if net in SERVICES[name]["networks"]} for net in COMPOSE["networks"]}
    assert set(SERVICES["worker"]["networks"]) <= internal
    assert members["fetching"] == {"worker", "egress"}
    assert [name for name in SERVICES["egress"]["networks"] if name not in internal] == ["web"]
    assert members["web"] == {"egress"}
    assert set(SERVICES["egress"]["environment"]) == {f"{PREFIX}EGRESS_ALLOW"}
    worker, command = SERVICES["worker"]["environment"], SERVICES["egress"]["command"]
    assert worker[f"{PREFIX}EGRESS_PROXY"] == f"http://egress:{command[command.index('--port') + 1]}"
    assert worker["HTTPS_PROXY"] == worker[f"{PREFIX}EGRESS_PROXY"]
    # A websocket without TLS would go by the proxy too.
    assert "prefect-server" in worker["NO_PROXY"].split(",")


def test_services_can_reach_their_dependencies_and_know_when_they_are_ready() -> None:
    """Names exist; `service_healthy` needs a health check, `service_completed_successfully` an end."""
    for service in SERVICES.values():
        for name, rule in service.get("depends_on", {}).items():
            other = SERVICES[name]
            if rule["condition"] == "service_healthy":
                assert other["healthcheck"]["test"][0] == "CMD"
            else:
                assert rule["condition"] == "service_completed_successfully"
                assert other["restart"] == "no"


def test_hosts_in_addresses_are_services_on_a_common_network() -> None:
    """A typo in an address would show at the first start only."""
    seen = set()
    for service in SERVICES.values():
        environment = {name: str(value or "") for name, value in service.get("environment", {}).items()}
        hosts = {host for value in environment.values() for host in re.findall(r"(?:@|//)([a-z-]+):\d", value)}
        hosts |= {value for name, value in environment.items() if name.endswith("_MESSAGING_HOST")}
        for host in hosts - {"localhost"}:
            assert set(service["networks"]) & set(SERVICES[host]["networks"])
            seen.add(host)
    assert seen == {"postgres", "redis", "prefect-server", "egress"}


def test_volumes_and_networks_are_declared() -> None:
    """All that are declared are used."""
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert named == set(COMPOSE["volumes"])
    assert {name for service in SERVICES.values() for name in service["networks"]} == set(COMPOSE["networks"])
    configs = {config["source"] for service in SERVICES.values() for config in service.get("configs", ())}
    assert configs == set(COMPOSE["configs"])


def test_images_are_pinned() -> None:
    """To a version, Prefect's to the locked one, pgvector's to one that is recent enough, ours to the product's."""
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert [image for image in images.values() if not re.search(r":\d+\.\d+", image)] == []
    assert {images[name].split(":")[1].split("-")[0] for name in PREFECT} == {locked("prefect")}
    pgvector = images["postgres"].split(":")[1].split("-")[0]
    assert tuple(map(int, pgvector.split("."))) >= LEAST_PGVECTOR
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {images[name].split(":")[1] for name in OURS} == {version}


def test_prefect_yaml_and_the_image_have_one_version() -> None:
    """The version that registers and the one that serves."""
    assert yaml.safe_load(DECLARATION.read_text())["prefect-version"] == locked("prefect")


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_programs_that_exist(name: str) -> None:
    """Each is a console script of an installed package, and what uvicorn is to serve can be imported."""
    scripts = {script.name for script in entry_points(group="console_scripts")}
    for command in programs(SERVICES[name]):
        assert command[0] in scripts
        for module, attribute in (word.split(":") for word in command if re.fullmatch(r"[a-z.]+:[a-z_]+", word)):
            assert callable(getattr(importlib.import_module(module), attribute))


# Prefect's server is a program of this repository (`kubernetes/test_guarded_prefect.py`).
@pytest.mark.parametrize("name", [*OURS, "prefect-services"])
def test_commands_have_options_that_exist(name: str) -> None:
    """The programs' own help knows each subcommand and option; they are the versions of the images."""
    for program, *arguments in programs(SERVICES[name]):
        subcommands = [*takewhile(lambda word: not word.startswith("-"), arguments)]
        shown = subprocess.run(
            [Path(sys.executable).parent / program, *subcommands, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
        ).stdout
        assert " ".join([program, *subcommands]) in shown
        assert [word for word in arguments if word.startswith("--") and not re.search(rf"{word}\s", shown)] == []


def test_workers_serve_the_pool_of_the_deployments() -> None:
    """In another pool no run would ever start."""
    pools = {deployment["work_pool"]["name"] for deployment in yaml.safe_load(DECLARATION.read_text())["deployments"]}
    command = SERVICES["worker"]["command"]
    assert {command[command.index("--pool") + 1]} == pools


@pytest.mark.parametrize("name", [*OURS, *PREFECT])
def test_environment_names_are_settings(name: str) -> None:
    """A misspelt one would be ignored without a word."""
    known = environment_names(Settings) | set(_get_settings_fields(PrefectSettings)) | SYSTEM | OF_PREFECT_REDIS
    known |= OF_OTHERS
    assert set(SERVICES[name]["environment"]) - known == set()


@pytest.mark.parametrize("name", PRODUCT)
def test_every_setting_of_ours_can_be_set_from_outside(name: str) -> None:
    """A setting that Compose does not pass on does nothing there."""
    wanted = environment_names(Settings) - {f"{PREFIX}{setting}" for setting in FIXED} - ELSEWHERE
    if name != "api":
        wanted -= {ADMIN_TOKEN}
        assert ADMIN_TOKEN not in SERVICES[name]["environment"]
    assert wanted - set(SERVICES[name]["environment"]) == set()


def test_prefect_works_as_in_the_embedded_stack(settings: MakeSettings, tmp_path: Path) -> None:
    """Batches of the server and intervals of the worker are the same in both."""
    server = prefect_environment(tmp_path, "http://127.0.0.1/api", "admin:secret")
    batches = {name: value for name, value in server.items() if name.startswith("PREFECT_SERVER_SERVICES_")}
    assert batches
    for name in PREFECT:
        assert batches.items() <= SERVICES[name]["environment"].items()
    worker = service_environment({}, settings(prefect_api_url="http://127.0.0.1/api"))
    intervals = {name: value for name, value in worker.items() if name.startswith("PREFECT_WORKER_")}
    assert intervals
    assert intervals.items() <= SERVICES["worker"]["environment"].items()


def test_prefect_s_parts_share_redis_and_the_server_leaves_the_services_to_the_other() -> None:
    """Nothing of either is kept in one process's memory."""
    for name in PREFECT:
        environment = SERVICES[name]["environment"]
        shared = [value for value in map(str, environment.values()) if value.startswith("prefect_redis.")]
        assert sorted(shared) == [
            f"prefect_redis.{part}" for part in ("lease_storage", "messaging", "messaging", "ordering")
        ]
        assert environment["PREFECT_SERVER_DOCKET_URL"].startswith("redis://redis:")
    assert SERVICES["prefect-server"]["command"] == ["python", "/opt/widget-builder/guarded_prefect.py"]
    assert SERVICES["prefect-services"]["command"] == ["prefect", "server", "services", "start"]


@pytest.mark.parametrize("name", OURS)
def test_compose_builds_what_the_dockerfile_describes(name: str) -> None:
    """The file and the target are there; the target ends as an ordinary user."""
    build = SERVICES[name]["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    stage = next(stage for stage in stages if stage.splitlines()[0].endswith(f" AS {build['target']}"))
    assert stage.strip().splitlines()[-1] == "USER widget-builder"


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_take_the_machine_from_the_others(name: str) -> None:
    """Processors, memory and the space of logs are bounded; the shared memory is part of the memory."""
    service = SERVICES[name]
    memory, cpus = (str(service[limit]) for limit in ("mem_limit", "cpus"))
    assert re.fullmatch(r"(\$\{\w+:-)?\d+[mg]\}?", memory)
    assert re.fullmatch(r"(\$\{\w+:-)?\d+\}?", cpus)
    assert service["logging"]["driver"] == "json-file"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_stays_says_whether_it_is_well(name: str) -> None:
    """By a request or a command; the job ends, and Prefect's services listen nowhere: their process is their health."""
    if name in ("setup", "prefect-services"):
        assert "healthcheck" not in SERVICES[name]
        return
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_only_the_worker_s_image_has_a_browser() -> None:
    """The product is given the path of the browser."""
    assert {name for name in OURS if SERVICES[name]["build"]["target"] == "worker"} == {"worker"}
    assert "FROM browser AS worker" in DOCKERFILE
    assert "FROM locked AS api" in DOCKERFILE
    assert "ENV WIDGET_BUILDER_BROWSER_PATH=/usr/bin/chromium" in DOCKERFILE


@pytest.mark.parametrize("name", [*OURS, *PREFECT])
def test_processes_have_no_more_rights_than_they_need(name: str) -> None:
    """A read-only file system but for /tmp, no capabilities, none to gain."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_has_all_packages_and_the_declaration_and_locked_dependencies() -> None:
    """What is copied is there, is let through by .dockerignore, and is what the packages need."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*packages["packages"], DECLARATION.name, "pyproject.toml", "requirements.txt"} <= set(copied())
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert "--require-hashes --requirement requirements.txt" in DOCKERFILE
    assert "--no-deps" in DOCKERFILE


def test_dockerignore_lets_through_what_is_copied_and_nothing_else() -> None:
    """In particular no .env, no data and no history."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())
    assert not any(fnmatch.fnmatch(".env", rule[1:]) for rule in rules if rule.startswith("!"))


def test_the_set_up_script_makes_a_database_that_an_ordinary_role_can_migrate(postgres_url: str) -> None:
    """Run as the image runs it; a password may have quotes."""
    script = COMPOSE["configs"]["product-database"]["content"].replace("$$", "$")
    host = psycopg.conninfo.conninfo_to_dict(postgres_url)["host"]
    environment = {"PATH": f"{find_programs()}:/usr/bin:/bin", "PGHOST": str(host)}
    environment |= {"POSTGRES_USER": "postgres", "POSTGRES_DB": "postgres", "DATABASE_PASSWORD": 'it\'s "secret"'}
    subprocess.run(["bash", "-e", "-c", script], env=environment, check=True, capture_output=True)
    try:
        url = make_conninfo(postgres_url, user="widget_builder", dbname="widget_builder")
        migrate(url)
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False,)
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE widget_builder")
            connection.execute("DROP ROLE widget_builder")
