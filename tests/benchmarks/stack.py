"""The whole product as a user starts it: `widget-builder up` on fresh data, stopped with all its processes."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from deployments.stack.child_processes import parent_death_hook

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "widget-builder"
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60
OURS = ("WIDGET_BUILDER_", "OPENAI_", "PREFECT_", "DATABASE_URL")
"""Prefixes of environment variables that must not reach a benchmark."""


class ProductError(Exception):
    """The product did not start, or left processes behind."""


@dataclass(frozen=True)
class Product:
    """A running product."""

    api_url: str
    database_url: str
    pids: dict[str, int]
    """Root process of each service, and `up` itself."""
    ready_s: float
    """Seconds from the command to a ready `/readyz`."""


@asynccontextmanager
async def open_product(**settings: object) -> AsyncIterator[Product]:
    """Start the product with these settings (`scrape_workers=10`, `OPENAI_BASE_URL=…`), and stop it afterwards.

    Raises:
        ProductError: it did not get ready; the message has the last lines of its log, and its data is kept.
    """
    process, folder = _start(settings)
    pids: dict[str, int] = {}
    try:
        product = await _wait_until_ready(process, folder)
        pids = product.pids
        yield product
    finally:
        await asyncio.to_thread(_end, process, pids)
    shutil.rmtree(folder)


def _start(settings: dict[str, object]) -> "tuple[subprocess.Popen[bytes], Path]":
    folder = Path(tempfile.mkdtemp(prefix="widget-builder-bench-"))
    # A database server that gives up root must be able to pass through.
    folder.chmod(0o755)
    env = _environment(folder / "data", settings)
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "up"],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the benchmark alone, which then stops the product; if it is killed, the product ends too.
            start_new_session=True,
            preexec_fn=parent_death_hook(),
        )
    return process, folder


def _environment(data_dir: Path, settings: dict[str, object]) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    given = {
        "data_dir": data_dir,
        "port": free_port(),
        "egress_allow": "127.0.0.0/8",
        "embedding_provider": "local",
        **settings,
    }
    return env | {_setting_name(name): str(value) for name, value in given.items()}


def _setting_name(name: str) -> str:
    return name if name.isupper() else f"WIDGET_BUILDER_{name.upper()}"


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _wait_until_ready(process: "subprocess.Popen[bytes]", folder: Path) -> Product:
    began = time.monotonic()
    while time.monotonic() - began < START_TIMEOUT_S:
        if process.poll() is not None:
            raise ProductError(f"`up` ended with status {process.returncode}:\n{_last_lines(folder)}")
        with contextlib.suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            stack = json.loads((folder / "data" / "stack.json").read_text())
            async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
                if (await http.get(f"{stack['api_url']}/readyz")).status_code == 200:
                    pids = {"up": process.pid, **stack["pids"]}
                    return Product(stack["api_url"], stack["database_url"], pids, time.monotonic() - began)
        await asyncio.sleep(0.1)
    raise ProductError(f"the product was not ready after {START_TIMEOUT_S} s:\n{_last_lines(folder)}")


def _last_lines(folder: Path) -> str:
    lines = (folder / "up.log").read_text(errors="replace").splitlines()
    return "\n".join([*lines[-15:], f"(more in {folder})"])


def _end(process: "subprocess.Popen[bytes]", pids: dict[str, int]) -> None:
    """Stop the product, and kill and report the processes it leaves behind.

    Raises:
        ProductError: it had to be killed, or left processes behind.
    """
    family = _family([process.pid, *pids.values()])
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs([child for child in family if child.pid != process.pid], timeout=5)
    for child in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    if process.returncode < 0 or left:
        raise ProductError(f"`up` ended with status {process.returncode} and left {left or 'nothing'} behind")


def _family(pids: list[int]) -> list[psutil.Process]:
    """Return the processes and their descendants."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            found |= {member.pid: member for member in [root, *root.children(recursive=True)]}
    return list(found.values())
