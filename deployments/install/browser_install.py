"""Installation of Chromium: the installed browser if it works, else Playwright's download, else Debian's package.

`make install` runs `python -m deployments.install.browser_install`; it changes nothing if a browser works.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings, load_settings
from tasks.web.fetching.browsers import find_browser

DOWNLOAD_TIMEOUT_S = 300.0
PACKAGE_TIMEOUT_S = 900.0
START_TIMEOUT_S = 30.0
REMEDY = (
    "install Chromium or Chrome (Debian: apt-get install chromium) "
    "and, if it is not on the usual paths, set WIDGET_BUILDER_BROWSER_PATH"
)


def main() -> None:
    """Find or install a browser; print which, or the error with its remedy."""
    try:
        path, version = install_browser(load_settings())
    except DependencyUnavailable as error:
        sys.exit(str(error))
    print(f"Browser: {version} ({path})")


def install_browser(settings: Settings) -> tuple[Path, str]:
    """Return the path and version of a browser that starts; install one if needed.

    Raises:
        DependencyUnavailable: no browser could be installed; with the attempts made.
    """
    if settings.browser_path is not None:
        return settings.browser_path, _read_version(settings.browser_path)
    tried = []
    for attempt in _attempts():
        path = find_browser(settings)
        if path is not None:
            try:
                return path, _read_version(path)
            except DependencyUnavailable as error:
                tried.append(error.problem)
        if (problem := _run(*attempt)) is not None:
            tried.append(problem)
    path = find_browser(settings)
    if path is not None:
        return path, _read_version(path)
    raise DependencyUnavailable(
        "Chromium", f"no browser was found, and none could be installed: {'; '.join(tried)}", REMEDY
    )


def _attempts() -> Iterator[tuple[str, Sequence[Sequence[str]], float]]:
    """Attempts in order: description, commands, timeout in seconds."""
    download = (sys.executable, "-m", "playwright", "install", "chromium")
    yield "downloading Chromium with Playwright", [download], DOWNLOAD_TIMEOUT_S
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo"), "-n"]
    if apt is None or None in sudo:
        return
    commands = [[*sudo, apt, "update"], [*sudo, apt, "install", "-y", "chromium", "fonts-liberation"]]
    yield "installing Debian's chromium", [[word for word in words if word] for words in commands], PACKAGE_TIMEOUT_S


def _run(attempt: str, commands: Sequence[Sequence[str]], timeout_s: float) -> str | None:
    """Run the commands; return None if all succeed, else the problem."""
    print(f"No browser found: {attempt} …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s, env=env)
        except subprocess.TimeoutExpired:
            return f"{attempt} took more than {timeout_s:g} s"
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or error.stdout or "").strip().splitlines() or [f"status {error.returncode}"]
            errors = [line for line in lines if line.startswith(("Error:", "E:"))]
            return f"{attempt} failed ({(errors or lines)[-1].strip()})"
        except OSError as error:
            return f"{attempt} failed ({error})"
    return None


def _read_version(path: Path) -> str:
    """Read the browser's version, by starting it.

    Raises:
        DependencyUnavailable: the browser does not start.
    """
    try:
        answer = subprocess.run(
            [path, "--version"], check=True, capture_output=True, text=True, timeout=START_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DependencyUnavailable("Chromium", f"{path} does not start: {error}", REMEDY) from error
    return answer.stdout.strip() or "unknown version"


if __name__ == "__main__":
    main()
