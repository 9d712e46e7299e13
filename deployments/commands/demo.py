"""The demo: build a widget with live progress, from your site or from the small one that comes with the tests.

`python -m deployments.commands.demo [--depth N] [--once] [URL]` is what `make demo` runs.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from deployments import cli
from deployments.stack.child_processes import parent_death_hook
from tasks.core.settings import load_settings


def main() -> None:
    """Build a widget, print its addresses, stay up until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deployments.commands.demo", description=main.__doc__)
    parser.add_argument("url", nargs="?", help="default: the small site under tests/sites")
    parser.add_argument("--depth", type=int, default=3, help="links to follow from the start page (default: 3)")
    parser.add_argument("--once", action="store_true", help="end when the widget is built")
    arguments = parser.parse_args()
    stay = [] if arguments.once else ["--stay"]
    with nullcontext(arguments.url) if arguments.url else serve_own_site() as url:
        sys.argv = ["widget-builder", "build", url, "--depth", str(arguments.depth), *stay]
        cli.main()


@contextmanager
def serve_own_site() -> Iterator[str]:
    """Serve the small site on loopback and yield its URL; loopback may be fetched unless EGRESS_ALLOW is set."""
    if not load_settings().egress_allow:
        os.environ["WIDGET_BUILDER_EGRESS_ALLOW"] = "127.0.0.1/32"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sites.server"],
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches this command alone: the site must outlive the build that is cancelled.
        start_new_session=True,
        preexec_fn=parent_death_hook(),
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            sys.exit(
                "The demo site does not start: it needs the folder tests/. Run it in a checkout of the repository."
            )
        try:
            yield url
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
