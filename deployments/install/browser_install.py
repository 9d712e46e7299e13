"""A Chromium for this machine: the one that is there, else Playwright's download, else Debian's package.

`python -m deployments.install.browser_install` is what `make install` runs; it changes nothing where a browser works.
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
    "and, if it is in an unusual place, set WIDGET_BUILDER_BROWSER_PATH"
)


def main() -> None:
    """Find or install a browser; say which, or what to do."""
    try:
        path, version = install_browser(load_settings())
    except DependencyUnavailable as error:
        sys.exit(str(error))
    print(f"Browser: {version} ({path})")


def install_browser(settings: Settings) -> tuple[Path, str]:
    """A browser that starts, and its version; installed if need be.

    Raises:
        DependencyUnavailable: none could be had; says what was tried.
    """
    if settings.browser_path is not None:
        return settings.browser_path, _ask_version(settings.browser_path)
    tried = []
    for attempt in _attempts():
        path = find_browser(settings)
        if path is not None:
            try:
                return path, _ask_version(path)
            except DependencyUnavailable as error:
                tried.append(error.problem)
        if (problem := _run(*attempt)) is not None:
            tried.append(problem)
    path = find_browser(settings)
    if path is not None:
        return path, _ask_version(path)
    raise DependencyUnavailable("Chromium", f"there is none, and it could not be installed: {'; '.join(tried)}", REMEDY)


def _attempts() -> Iterator[tuple[str, Sequence[Sequence[str]], float]]:
    """What to try, in order: what it is called, its commands, the seconds it may take."""
    download = (sys.executable, "-m", "playwright", "install", "chromium")
    yield "downloading Chromium with Playwright", [download], DOWNLOAD_TIMEOUT_S
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo"), "-n"]
    if apt is None or None in sudo:
        return
    commands = [[*sudo, apt, "update"], [*sudo, apt, "install", "-y", "chromium", "fonts-liberation"]]
    yield "installing Debian's chromium", [[word for word in words if word] for words in commands], PACKAGE_TIMEOUT_S


def _run(what: str, commands: Sequence[Sequence[str]], timeout_s: float) -> str | None:
    """None when all commands went well, else what went wrong."""
    print(f"No browser yet: {what} …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s, env=env)
        except subprocess.TimeoutExpired:
            return f"{what} took more than {timeout_s:g} s"
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or error.stdout or "").strip().splitlines() or [f"status {error.returncode}"]
            telling = [line for line in lines if line.startswith(("Error:", "E:"))]
            return f"{what} failed ({(telling or lines)[-1].strip()})"
        except OSError as error:
            return f"{what} failed ({error})"
    return None


def _ask_version(path: Path) -> str:
    """What the browser calls itself.

    Raises:
        DependencyUnavailable: it does not start.
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
