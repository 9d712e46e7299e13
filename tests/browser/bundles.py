"""The bundles of the current sources, built once for all test processes."""

import fcntl
import tempfile
from pathlib import Path

from deployments.install.widget_bundle import PAGES, build_bundles, install_packages

BUILT = PAGES / "dist" / "widget.js"


def build_if_changed() -> None:
    """Install and bundle, unless the bundles are newer than all sources."""
    with (Path(tempfile.gettempdir()) / "widget-bundles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_packages(development=True)
        own = [path for path in PAGES.rglob("*") if not {"node_modules", "dist"} & set(path.parts) and path.is_file()]
        newest = max(path.stat().st_mtime for path in own)
        if not BUILT.is_file() or BUILT.stat().st_mtime < newest:
            build_bundles()
