"""The doctor: every dependency looked at, what is wrong with it, and how to mend it."""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from deployments.checks.dependencies import Stack, check_api, check_database, check_embeddings, check_prefect
from deployments.stack.embedded_stack import PREFECT_PORT
from deployments.stack.ports import find_port
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.web.fetching.browsers import REMEDY, find_browser
from tasks.web.fetching.chromium import open_chromium
from tasks.web.fetching.egress import open_gate

CHECK_TIMEOUT_S = 10.0
LEAST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)
LEAST_FREE_BYTES = 1_000_000_000
HIDDEN = "…"


@dataclass(frozen=True)
class Finding:
    """What was found of one dependency."""

    name: str
    ok: bool
    detail: str = ""
    """What is there, when all is well."""
    problem: str = ""
    remedy: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """A finding for each dependency, always in the same order; none of them holds a secret.

    The checks run side by side, each for ten seconds at most.
    """
    stack = await find_stack(settings.data_dir)
    return await asyncio.gather(*(examine_one(name, settings, stack) for name in CHECKS))


async def examine_one(name: str, settings: Settings, stack: Stack | None) -> Finding:
    """The finding of one dependency; `stack` is what a running stack says of itself."""
    secrets = _secrets(settings, stack)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return Finding(name, ok=True, detail=_without(secrets, await CHECKS[name](settings, stack)))
    except TimeoutError:
        problem = f"the check took longer than {CHECK_TIMEOUT_S:g} s"
        return Finding(name, ok=False, problem=problem, remedy="see whether the machine or the service is overloaded")
    except DependencyUnavailable as error:
        problem, remedy = _without(secrets, error.problem), _without(secrets, error.remedy)
        return Finding(name, ok=False, problem=problem, remedy=remedy)


def _secrets(settings: Settings, stack: Stack | None) -> list[str]:
    """What must not be shown, the longest first."""
    known = [secret.get_secret_value() for secret in (settings.database_url, settings.openai_api_key) if secret]
    addresses = [settings.database_url.get_secret_value()] if settings.database_url else []
    for address in [*addresses, *filter(None, [(stack or {}).get("database_url")])]:
        try:
            known.append(str(conninfo_to_dict(address).get("password") or ""))
        except ProgrammingError:
            continue
    return sorted(filter(None, known), key=len, reverse=True)


def _without(secrets: list[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    # Names and passwords in addresses, such as PREFECT_API_URL may have.
    return re.sub(r"(?<=://)[^/\s]+@", f"{HIDDEN}@", text)


def check_version(version: tuple[int, ...]) -> str:
    """A version of Python, in words.

    Raises:
        DependencyUnavailable: nobody has tried this one.
    """
    said = ".".join(map(str, version))
    if not LEAST_PYTHON <= version < FIRST_UNTRIED_PYTHON:
        raise DependencyUnavailable(
            "Python", f"{said} is not supported", "install again with Python 3.11, 3.12 or 3.13"
        )
    return said


async def check_python(_settings: Settings, _stack: Stack | None) -> str:
    """The version of Python.

    Raises:
        DependencyUnavailable: nobody has tried this one.
    """
    return check_version(sys.version_info[:3])


async def check_browser(settings: Settings, _stack: Stack | None) -> str:
    """Which browser there is; it was started as builds start it.

    Raises:
        DependencyUnavailable: there is none, or it does not start.
    """
    wanted = settings.browser_path
    if wanted is not None and not wanted.is_file():
        remedy = "correct or remove WIDGET_BUILDER_BROWSER_PATH"
        raise DependencyUnavailable("Chromium", f"there is no file {wanted}", remedy)
    try:
        async with open_gate(()) as gate, open_chromium(settings, gate) as chromium:
            browser = (await chromium.open()).browser
            return f"{browser.version if browser else 'starts'} ({find_browser(settings)})"
    except (PlaywrightError, OSError) as error:
        raise DependencyUnavailable("Chromium", f"it does not start: {error}", REMEDY) from error


async def check_data_dir(settings: Settings, _stack: Stack | None) -> str:
    """Where data is kept, and the room there is.

    Raises:
        DependencyUnavailable: nothing can be written there, or there is too little room.
    """
    return await asyncio.to_thread(_look_at_folder, settings.data_dir.absolute())


def _look_at_folder(folder: Path) -> str:
    remedy = "set WIDGET_BUILDER_DATA_DIR to a folder that can be written"
    # It is made when first needed: until then its nearest parent counts.
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
        free = shutil.disk_usage(existing).free
    except OSError as error:
        raise DependencyUnavailable("Data", f"{folder} cannot be written: {error.strerror}", remedy) from error
    if free < LEAST_FREE_BYTES:
        problem = f"{folder} has {free / 1e9:.1f} GB left, at least {LEAST_FREE_BYTES / 1e9:g} GB are needed"
        raise DependencyUnavailable("Data", problem, "make room, or set WIDGET_BUILDER_DATA_DIR")
    return f"{folder}, {free / 1e9:.0f} GB free"


async def check_ports(settings: Settings, stack: Stack | None) -> str:
    """The ports that a stack would take now.

    Raises:
        DependencyUnavailable: nobody can listen on WIDGET_BUILDER_HOST.
    """
    if stack is not None:
        return "the running stack has its ports"
    try:
        api_port = find_port(settings.host, settings.port)
    except OSError as error:
        problem = f"nobody can listen on {settings.host}: {error.strerror or error}"
        raise DependencyUnavailable("Ports", problem, "correct WIDGET_BUILDER_HOST") from error
    said = [_say_port("API", settings.port, api_port)]
    if settings.prefect_api_url is None:
        said.append(_say_port("Prefect", PREFECT_PORT, find_port("127.0.0.1", PREFECT_PORT, frozenset({api_port}))))
    return ", ".join(said)


def _say_port(name: str, wanted: int, found: int) -> str:
    return f"{name} {wanted}" if found == wanted else f"{name} {wanted} is taken, {found} would be used"


CHECKS: dict[str, Callable[[Settings, Stack | None], Awaitable[str]]] = {
    "Python": check_python,
    "Chromium": check_browser,
    "Database": check_database,
    "Prefect": check_prefect,
    "API": check_api,
    "Embeddings": check_embeddings,
    "Data": check_data_dir,
    "Ports": check_ports,
}
"""Each says what it found, or raises `DependencyUnavailable` with the problem and its remedy."""
