"""The product's stack and the tests around it: it ends before those that do not need it."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

@pytest.fixture(scope="session")
def product():
    print("started")
    yield
    print("stopped")

@pytest.fixture(scope="session")
def placed(product):
    yield
    print("left")

def test_first(product):
    print("first")

def test_between():
    print("between")

def test_second(placed):
    print("second")

def test_after():
    print("after")
"""


def test_a_product_stops_after_the_last_test_that_needs_it(tmp_path: Path) -> None:
    """And what stands on it before; it stays up for a test between two that need it."""
    (tmp_path / "pytest.ini").write_text("[pytest]")
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.stopping", str(tmp_path)]
    env = os.environ | {"PYTHONPATH": os.getcwd(), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.removeprefix(".") for line in done.stdout.splitlines()[:7]]
    assert said == ["started", "first", "between", "second", "left", "stopped", "after"]
