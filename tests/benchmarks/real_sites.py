"""Copies of real websites on this machine's disk, fetched by a script beside the repository."""

import subprocess
from pathlib import Path

from tests.benchmarks.stack import ROOT

SCRIPT = ROOT.parent / "shared" / "sites" / "get"
FOLDER = ROOT / ".bench" / "sites"


class NoSites(Exception):
    """The sites are not on this machine and cannot be fetched."""


def find_site(name: str) -> Path:
    """Return the folder of the site, fetched now if needed.

    Raises:
        NoSites: the script is missing, or fails.
    """
    folder = FOLDER / name
    if (folder / "index.html").is_file():
        return folder
    if not SCRIPT.is_file():
        raise NoSites(f"{name}: not in .bench/sites/{name}, and the script ../shared/sites/get is missing")
    try:
        subprocess.run([SCRIPT, FOLDER, name], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise NoSites(f"../shared/sites/get failed for {name}: {error.stderr.strip()[-300:]}") from error
    return folder
