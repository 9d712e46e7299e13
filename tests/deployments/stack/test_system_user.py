"""The system user of the embedded PostgreSQL."""

import os
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployments.stack.system_user import ensure_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root creates users")


def test_processes_that_start_at_once_see_one_user() -> None:
    """On a machine that never ran the stack, each start would otherwise create a user of its own."""
    name = f"wb-{uuid.uuid4().hex[:12]}"
    try:
        with ThreadPoolExecutor(8) as starts:
            ids = set(starts.map(ensure_user, [name] * 8))
        assert len(ids) == 1
    finally:
        subprocess.run(["userdel", name], check=True)
