"""The doctor: checks every dependency and suggests a fix."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Error as PlaywrightError

from deployments.checks.dependencies import Warned, check_api, check_database, check_prefect
from deployments.checks.model_checks import check_chat_model, check_embeddings
from deployments.stack.embedded_stack import PREFECT_PORT
from deployments.stack.ports import find_port
from deployments.stack.stack_file import StackData, find_stack
from tasks.core.egress_policy import EgressPolicy
from tasks.core.errors import DependencyUnavailable
from tasks.core.redacted_logs import passwords_in, secrets_of
from tasks.core.redaction import learn_secrets, redact
from tasks.core.settings import Settings
from tasks.web.fetching.browsers import REMEDY, find_browser
from tasks.web.fetching.chromium import open_chromium
from tasks.web.fetching.egress import open_gate

CHECK_TIMEOUT_S = 10.0
MIN_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)
MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """Result of the check of one dependency."""

    name: str
    ok: bool
    detail: str = ""
    """Description of the dependency, if the check passed."""
    warning: str = ""
    """Advice of a check that passed."""
    problem: str = ""
    remedy: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Check all dependencies; return a finding for each, in a fixed order and without secrets.

    The checks run concurrently, each for ten seconds at most.
    """
    stack = await find_stack(settings.data_dir)
    return await asyncio.gather(*(examine_one(name, settings, stack) for name in CHECKS))


async def examine_one(name: str, settings: Settings, stack: StackData | None) -> Finding:
    """Check one dependency; `stack` is the contents of the running stack's stack.json."""
    learn_secrets(secrets_of(settings, os.environ))
    learn_secrets(passwords_in(str((stack or {}).get("database_url"))))
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            found = await CHECKS[name](settings, stack)
        detail, warning = found if isinstance(found, Warned) else (found, "")
        return Finding(name, ok=True, detail=redact(detail), warning=redact(warning))
    except TimeoutError:
        problem = f"the check took longer than {CHECK_TIMEOUT_S:g} s"
        return Finding(name, ok=False, problem=problem, remedy="check whether the machine or the service is overloaded")
    except DependencyUnavailable as error:
        return Finding(name, ok=False, problem=error.problem, remedy=error.remedy)


def check_version(version: tuple[int, ...]) -> str:
    """Check a version of Python; return it as text.

    Raises:
        DependencyUnavailable: the version is not supported.
    """
    text = ".".join(map(str, version))
    if not MIN_PYTHON <= version < FIRST_UNTRIED_PYTHON:
        raise DependencyUnavailable("Python", f"{text} is not supported", "reinstall with Python 3.11, 3.12 or 3.13")
    return text


async def check_python(_settings: Settings, _stack: StackData | None) -> str:
    """Check the running version of Python.

    Raises:
        DependencyUnavailable: the version is not supported.
    """
    return check_version(sys.version_info[:3])


async def check_browser(settings: Settings, _stack: StackData | None) -> str:
    """Check the browser by starting it as builds do.

    Raises:
        DependencyUnavailable: there is no browser, or it does not start.
    """
    path = settings.browser_path
    if path is not None and not path.is_file():
        remedy = "correct or remove WIDGET_BUILDER_BROWSER_PATH"
        raise DependencyUnavailable("Chromium", f"the file {path} does not exist", remedy)
    try:
        async with open_gate(EgressPolicy()) as gate, open_chromium(settings, gate) as chromium:
            browser = (await chromium.open()).browser
            return f"{browser.version if browser else 'starts'} ({find_browser(settings)})"
    except (PlaywrightError, OSError) as error:
        raise DependencyUnavailable("Chromium", f"the browser does not start: {error}", REMEDY) from error


async def check_data_dir(settings: Settings, _stack: StackData | None) -> str:
    """Check the data directory and its free space.

    Raises:
        DependencyUnavailable: the directory is not writable, or has too little free space.
    """
    return await asyncio.to_thread(_check_folder, settings.data_dir.absolute())


def _check_folder(folder: Path) -> str:
    remedy = "set WIDGET_BUILDER_DATA_DIR to a writable folder"
    # The folder is created at the first start; until then its nearest existing parent is checked.
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
        free = shutil.disk_usage(existing).free
    except OSError as error:
        raise DependencyUnavailable("Data", f"{folder} cannot be written: {error.strerror}", remedy) from error
    if free < MIN_FREE_BYTES:
        problem = f"{folder} has {free / 1e9:.1f} GB left, at least {MIN_FREE_BYTES / 1e9:g} GB are needed"
        raise DependencyUnavailable("Data", problem, "free some space, or set WIDGET_BUILDER_DATA_DIR")
    return f"{folder}, {free / 1e9:.0f} GB free"


async def check_ports(settings: Settings, stack: StackData | None) -> str:
    """Return the ports that a stack would use now.

    Raises:
        DependencyUnavailable: WIDGET_BUILDER_HOST is not an address of this machine.
    """
    if stack is not None:
        return "used by the running stack"
    try:
        api_port = find_port(settings.host, settings.port)
    except OSError as error:
        problem = f"no server can listen on {settings.host}: {error.strerror or error}"
        raise DependencyUnavailable("Ports", problem, "correct WIDGET_BUILDER_HOST") from error
    ports = [_port_text("API", settings.port, api_port)]
    if settings.prefect_api_url is None:
        ports.append(_port_text("Prefect", PREFECT_PORT, find_port("127.0.0.1", PREFECT_PORT, frozenset({api_port}))))
    return ", ".join(ports)


def _port_text(name: str, wanted: int, found: int) -> str:
    return f"{name} {wanted}" if found == wanted else f"{name} {wanted} is taken, {found} would be used"


CHECKS: dict[str, Callable[[Settings, StackData | None], Awaitable[str | Warned]]] = {
    "Python": check_python,
    "Chromium": check_browser,
    "Database": check_database,
    "Prefect": check_prefect,
    "API": check_api,
    "Embeddings": check_embeddings,
    "Chat": check_chat_model,
    "Data": check_data_dir,
    "Ports": check_ports,
}
"""Checks by dependency: each returns a description, or raises `DependencyUnavailable` with problem and remedy."""
