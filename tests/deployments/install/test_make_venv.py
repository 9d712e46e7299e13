"""The Python that `make install` takes or refuses, with interpreters that only tell a version."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deployments" / "install" / "make_venv.sh"


def interpreter(folder: Path, name: str, version: str) -> Path:
    """Put a program on the path that tells `version`, and creates a virtual environment of the same kind."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -c ]; then echo {version}; else mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    program.chmod(0o755)
    return program


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script where no interpreters but those of `folder/bin` are found."""
    tools = folder / "tools"
    if not tools.exists():
        tools.mkdir()
        for tool in ("sh", "mkdir", "cp", "rm"):
            (tools / tool).symlink_to(shutil.which(tool) or "")
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), str(folder / "venv"), *arguments],
        env={"PATH": f"{folder / 'bin'}:{tools}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_fitting_interpreter_is_taken(tmp_path: Path) -> None:
    """Also where `python3` itself is too new."""
    interpreter(tmp_path / "bin", "python3", "3.14")
    interpreter(tmp_path / "bin", "python3.13", "3.13")
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "venv" / "bin" / "python").is_file()


def test_an_interpreter_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """As pyenv's shims of versions that are switched off."""
    interpreter(tmp_path / "bin", "python3.11", "$(exit 127); exit 127")
    interpreter(tmp_path / "bin", "python3.12", "3.12")
    assert run(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("3.10", "is Python 3.10, which is too old"),
        ("3.9", "is Python 3.9, which is too old"),
        ("3.14", "is Python 3.14, which is too new: wordllama"),
        ("4.0", "is Python 4.0, which is too new"),
    ],
)
def test_an_unfit_interpreter_is_refused_with_a_way_out(tmp_path: Path, version: str, reason: str) -> None:
    """Whether it was named or is the only one there."""
    python = interpreter(tmp_path / "bin", "python3", version)
    for done in (run(tmp_path, str(python)), run(tmp_path)):
        assert done.returncode == 1
        assert reason in done.stderr
        assert "make install PYTHON=" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_without_any_interpreter_the_message_says_what_to_install(tmp_path: Path) -> None:
    """And how to name one in an unusual place."""
    done = run(tmp_path)
    assert done.returncode == 1
    assert "No Python 3.11, 3.12 or 3.13 is on the PATH" in done.stderr
    assert "make install PYTHON=" in done.stderr


def test_an_environment_of_another_version_is_not_used_silently(tmp_path: Path) -> None:
    """`PYTHON=` says another than the environment was made with."""
    interpreter(tmp_path / "bin", "python3.11", "3.11")
    newer = interpreter(tmp_path / "elsewhere", "python3.13", "3.13")
    assert run(tmp_path).returncode == 0
    again = run(tmp_path, str(newer))
    assert again.returncode == 1
    assert "was made with Python 3.11" in again.stderr


def test_an_environment_that_could_not_be_made_is_removed(tmp_path: Path) -> None:
    """Half of one would pass for a whole one at the next try."""
    folder = tmp_path / "bin"
    interpreter(folder, "python3.11", '3.11; exit; fi; if [ "$1" = -m ]; then mkdir -p "$3/bin"; exit 1')
    done = run(tmp_path)
    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_the_smoke_tests_that_the_makefile_lists_are_there() -> None:
    """They run in CI only, after all others."""
    root = SCRIPT.parents[2]
    (listed,) = [line for line in (root / "Makefile").read_text().splitlines() if line.startswith("SMOKE :=")]
    paths = listed.split()[2:]
    assert paths
    assert [path for path in paths if not (root / path).exists()] == []
