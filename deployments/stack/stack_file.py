"""DATA_DIR/stack.json: where the running stack is, for programs on the same machine."""

import json
import os
from pathlib import Path
from typing import Any

import httpx

from tasks.core.models import Frozen

STACK_FILE = "stack.json"
ANSWER_S = 2.0
"""Seconds the API named in the file gets to answer."""


class StackInfo(Frozen):
    """Where things are; also in DATA_DIR/stack.json while the stack is up."""

    api_url: str
    prefect_url: str
    """Prefect's UI."""
    prefect_api_url: str
    database_url: str
    admin_token: str
    """Opens every widget: whoever may read this file runs the machine."""
    pids: dict[str, int]
    """Processes of the services that were started, by name."""


def write_stack_file(data_dir: Path, info: StackInfo) -> None:
    """Write the file whole or not at all, for our eyes only: addresses may hold passwords."""
    path = data_dir / STACK_FILE
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{info.model_dump_json(indent=2)}\n")
    unfinished.replace(path)


async def find_stack(data_dir: Path) -> dict[str, Any] | None:
    """What the stack running on this data directory says of itself (`api_url`, …); None when none answers."""
    try:
        found = json.loads((data_dir / STACK_FILE).read_text())
        api_url = found["api_url"]
        # The API is our own: a proxy named in the environment is meant for other sites.
        async with httpx.AsyncClient(base_url=api_url, timeout=ANSWER_S, trust_env=False) as http:
            answer = await http.get("/healthz")
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError, httpx.InvalidURL):
        return None
    return found if answer.is_success else None
