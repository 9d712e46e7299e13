"""The death of a run's parent process is noticed."""

import subprocess
import sys

PROGRAM = """
import asyncio, os
from flows.parent_process import ParentProcess
begun, begin = os.pipe()
if os.fork():
    os.read(begun, 1)
    os._exit(0)
parent = ParentProcess()
lives = not asyncio.run(parent.is_gone())
os.write(begin, b"x")
print(lives, asyncio.run(parent.is_gone()), flush=True)
"""


def test_a_parent_that_dies_is_seen_as_gone() -> None:
    """And one that lives is not."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["True", "True"]
