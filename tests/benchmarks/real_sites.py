"""Real websites that others wrote, on this machine's disk: brought by the script that lies beside the repository."""

import subprocess
from pathlib import Path

from tests.benchmarks.stack import ROOT

SCRIPT = ROOT.parent / "shared" / "sites" / "get"
FOLDER = ROOT / ".bench" / "sites"


class NoSites(Exception):
    """The sites are not there and cannot be had."""


def find_site(name: str) -> Path:
    """The folder of the site; fetched now if it is not there yet.

    Raises:
        NoSites: the script is missing, or fails.
    """
    folder = FOLDER / name
    if (folder / "index.html").is_file():
        return folder
    if not SCRIPT.is_file():
        raise NoSites(f"{name}: neither in .bench/sites/{name} nor to be had by ../shared/sites/get")
    try:
        subprocess.run([SCRIPT, FOLDER, name], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise NoSites(f"../shared/sites/get failed for {name}: {error.stderr.strip()[-300:]}") from error
    return folder
