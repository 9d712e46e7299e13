"""Environments and logs of services: each has what it needs, and nobody else can read them."""

import asyncio
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from deployments.stack.embedded_postgres import find_programs
from deployments.stack.environment import environment_of, prefect_environment, service_environment
from deployments.stack.service_log import MAX_LINE_BYTES, ServiceLog
from deployments.stack.services import Service
from tasks.core.child_environment import bare_environment
from tasks.core.egress_policy import EgressPolicy
from tasks.core.redaction import learn_secrets
from tasks.core.settings import Settings
from tasks.web.fetching.chromium import open_chromium
from tasks.web.fetching.egress import open_gate
from tests.conftest import MakeSettings

SECRETS = {
    "OPENAI_API_KEY": "sk-proj-never-shown-0123456789",
    "WIDGET_BUILDER_ADMIN_TOKEN": "an-administrator-0123",
    "DATABASE_URL": "postgresql://anna:database-pass@db/shop",
    "AWS_SECRET_ACCESS_KEY": "another-programs-secret",
}
OTHERS = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "WIDGET_BUILDER_PORT": "8080",
    "PREFECT_API_URL": "http://127.0.0.1:4200/api",
}


@pytest.mark.parametrize(
    ("service", "held"),
    [
        ("postgres", set()),
        ("prefect", set()),
        ("worker", {"OPENAI_API_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY"}),
        ("api", set(SECRETS)),
    ],
)
def test_a_service_holds_only_the_secrets_that_it_needs(service: str, held: set[str]) -> None:
    """PostgreSQL and Prefect none of ours, the worker not the administrator's token; all know their paths."""
    env = environment_of(service, service_environment(SECRETS | OTHERS, Settings(_env_file=None)) | OTHERS)  # type: ignore[call-arg]
    assert {name for name in SECRETS if name in env} == held
    assert env["PATH"] == "/bin"
    assert ("PREFECT_API_URL" in env) == (service != "postgres")


async def test_a_log_is_ours_alone_and_has_no_secret(tmp_path: Path) -> None:
    """Also in a line longer than what is read at once, and from a process that knows nothing of redaction."""
    learn_secrets(["a-secret-of-the-stack"])
    log = ServiceLog(tmp_path / "logs" / "toy.log")
    code = (
        f"s = 'a-secret-of-the-stack'; print('x' * {MAX_LINE_BYTES - 9} + s + 'y' * 70_000)\nprint('ends', s, end='')"
    )

    async def is_ready(_service: Service) -> bool:
        return True

    toy = Service("toy", [sys.executable, "-c", code], dict(os.environ), log, is_ready, lambda *_: None)
    await toy.start()
    assert toy.process is not None
    await toy.process.wait()
    await toy.stop()
    text = log.read()
    assert "secret" not in text
    assert text.count("***") == 2
    assert text.count("x") == MAX_LINE_BYTES - 9
    assert text.count("y") == 70_000
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("own_drivers")
async def test_the_browser_and_its_driver_have_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node.js and Chromium run pages' scripts; their environments can be read by whoever breaks out of one."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None, openai_api_key=SecretStr(SECRETS["OPENAI_API_KEY"]))  # type: ignore[call-arg]
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    async with open_gate(EgressPolicy()) as gate, open_chromium(settings, gate) as chromium:
        await chromium.open()
        environments = {}
        for child in psutil.Process().children(recursive=True):
            # Those of other tests may end at any time.
            with suppress(psutil.NoSuchProcess):
                if child.pid not in before and child.name() in ("node", "chromium"):
                    environments[child.pid] = child.environ()
    assert len(environments) >= 2
    assert not [name for env in environments.values() for name in env if name in SECRETS]


def test_a_bare_environment_is_a_short_list() -> None:
    """Variables that are not on the list are left out: a secret has any name."""
    assert bare_environment({"PATH": "/bin", "LC_ALL": "C", "MY_SHOP": "x", **SECRETS}) == {
        "PATH": "/bin",
        "LC_ALL": "C",
    }


async def test_postgresql_starts_with_a_bare_environment() -> None:
    """Its programs find their libraries."""
    process = await asyncio.create_subprocess_exec(
        str(find_programs() / "postgres"), "--version", env=environment_of("postgres", dict(os.environ))
    )
    assert await process.wait() == 0


LOGINS = {"PREFECT_API_AUTH_STRING": "anna:hunter2", "PREFECT_API_KEY": "pnu_key"}


def test_the_login_at_ones_own_prefect_server_reaches_the_services(settings: MakeSettings) -> None:
    """From the environment, or from the settings, which read `.env` too."""
    url = "http://prefect.example:4200/api"
    assert LOGINS.items() <= service_environment(LOGINS, settings(prefect_api_url=url)).items()
    read = {name.lower(): SecretStr(value) for name, value in LOGINS.items()}
    assert LOGINS.items() <= service_environment({}, settings(prefect_api_url=url, **read)).items()


def test_the_embedded_server_never_sees_the_login_of_another(settings: MakeSettings) -> None:
    """Neither from the environment nor from the settings."""
    read = {name.lower(): SecretStr(value) for name, value in LOGINS.items()}
    assert not LOGINS.keys() & service_environment(LOGINS, settings(**read)).keys()


def test_the_embedded_server_alone_has_the_login_as_the_one_it_asks_for(tmp_path: Path) -> None:
    """Its clients have it as theirs, the database not at all."""
    env = prefect_environment(tmp_path / "prefect", "http://127.0.0.1:4200/api", "admin:hunter2")
    held = {
        service: sorted(name for name, value in environment_of(service, env).items() if "hunter2" in value)
        for service in ("postgres", "prefect", "worker", "api")
    }
    client = ["PREFECT_API_AUTH_STRING"]
    server = ["PREFECT_SERVER_API_AUTH_STRING"]
    assert held == {"postgres": [], "prefect": server, "worker": client, "api": client}
