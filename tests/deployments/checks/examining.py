"""Examining one dependency, as the doctor does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deployments.checks.doctor import Finding, examine_one
from deployments.stack.stack_file import find_stack
from tasks.core.settings import Settings

NOBODY = "127.0.0.1:1"
"""An address where nothing listens."""


async def find(name: str, settings: Settings) -> Finding:
    """The finding of that name."""
    return await examine_one(name, settings, await find_stack(settings.data_dir))


def problem_and_remedy(finding: Finding) -> tuple[str, str]:
    """Problem and remedy of a failed check."""
    assert not finding.ok
    return finding.problem, finding.remedy


@asynccontextmanager
async def serve_silence() -> AsyncIterator[str]:
    """Serve connections without ever answering; yield the address."""
    connections = []

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.close()
