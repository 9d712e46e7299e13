"""DATA_DIR/stack.json: addresses of the running stack, for programs on the same machine."""

import json
import os
from pathlib import Path
from typing import Any

import httpx

from tasks.core.models import Frozen

STACK_FILE = "stack.json"
StackData = dict[str, Any]
"""Contents of the file, as read: it may be of another version."""
ANSWER_S = 2.0
"""Timeout for the API named in the file."""


class StackInfo(Frozen):
    """Addresses of the stack; in DATA_DIR/stack.json while it is up."""

    api_url: str
    prefect_url: str
    """Prefect's UI."""
    prefect_api_url: str
    prefect_auth_string: str | None
    """Login of the embedded Prefect server, `user:password`."""
    database_url: str
    admin_token: str
    """Valid for every widget: anyone who can read this file already controls the machine."""
    pids: dict[str, int]
    """Process ids of the services that were started, by name."""


def write_stack_file(data_dir: Path, info: StackInfo) -> None:
    """Write the file, readable by its owner only: it has passwords."""
    write_private(data_dir / STACK_FILE, f"{info.model_dump_json(indent=2)}\n")


def write_private(path: Path, text: str) -> None:
    """Write the file atomically, readable by its owner only."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


async def find_stack(data_dir: Path) -> StackData | None:
    """Read stack.json of the stack running on this data directory; None when its API does not answer."""
    try:
        found: StackData = json.loads((data_dir / STACK_FILE).read_text())
        api_url = found["api_url"]
        # The API is our own: a proxy set in the environment is for other hosts.
        async with httpx.AsyncClient(base_url=api_url, timeout=ANSWER_S, trust_env=False) as http:
            answer = await http.get("/healthz")
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError, httpx.InvalidURL):
        return None
    return found if answer.is_success else None
