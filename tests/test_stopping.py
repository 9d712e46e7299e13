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

SHARED = """
from pathlib import Path

import pytest

Product = object

def say(word):
    with Path("said").open("a") as file:
        file.write(word + " ")

@pytest.fixture(scope="session")
def product():
    say("started")
    yield object()
    say("stopped")

def test_shared(product: Product):
    say("shared")
"""
OWN = """
import pytest

from test_shared import say

@pytest.fixture
def product():
    return "as open_stack() gives it"

def test_own(product):
    say("own")
"""


def run_pytest(folder: Path, *options: str) -> str:
    """Run the tests of the folder with the plugin; return what they print."""
    (folder / "pytest.ini").write_text("[pytest]")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.stopping", *options, str(folder)]
    env = os.environ | {"PYTHONPATH": os.getcwd(), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_product_stops_after_the_last_test_that_needs_it(tmp_path: Path) -> None:
    """And what stands on it before; it stays up for a test between two that need it."""
    (tmp_path / "test_some.py").write_text(TESTS)
    said = [line.removeprefix(".") for line in run_pytest(tmp_path, "-s").splitlines()[:7]]
    assert said == ["started", "first", "between", "second", "left", "stopped", "after"]


def test_tests_with_a_stack_of_their_own_keep_no_shared_product_up(tmp_path: Path) -> None:
    """They may run in another process, and would never come in this one."""
    (tmp_path / "test_shared.py").write_text(SHARED)
    (tmp_path / "test_until_the_end.py").write_text(OWN)
    run_pytest(tmp_path, "-n1")
    assert (tmp_path / "said").read_text().split() == ["started", "shared", "stopped", "own"]
