"""The command line in a process of its own, against a fake API."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.deployments.fake_api import FakeApi, serve_fake_api

ADMIN = "the token of this stack"
COMMAND = (sys.executable, "-c", "from deployments.cli import main; main()")


@asynccontextmanager
async def start(data_dir: Path, *arguments: str, **extra: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command under way in `data_dir`; killed on leaving, unless it has ended."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "WIDGET_BUILDER_DATA_DIR": str(data_dir),
        "PYTHONPATH": os.getcwd(),
        "COLUMNS": "100",
        **extra,
    }
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=environment,
        cwd=data_dir,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(data_dir: Path, *arguments: str, **extra: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    async with start(data_dir, *arguments, **extra) as process:
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def running_stack(data_dir: Path, api: FakeApi) -> AsyncIterator[FakeApi]:
    """The fake API, named in `stack.json` as a running stack names its own."""
    async with serve_fake_api(api):
        stack = {"api_url": api.url, "prefect_url": "http://127.0.0.1:4200", "admin_token": ADMIN}
        (data_dir / "stack.json").write_text(json.dumps(stack))
        yield api
