"""`make audit`: licences of the locked packages, and their versions beside known vulnerabilities.

Advisories are read from a folder of OSV records, one JSON file each: what is in the archive of PyPI's advisories that
osv.dev hands out. Without one, nothing is said of vulnerabilities: no list of them comes with an installation.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from rich.console import Console
from rich.table import Table

LOCKED = Path(__file__).parent.parent.parent / "requirements.txt"
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISCL?|PSF[- ]?2?|PSFL|Python Software Foundation|MPL|Mozilla|Unlicense|HPND|Zlib|CNRI)\b"
    r"|MIT[- ]CMU",
    re.IGNORECASE,
)
EXPLAINED = {
    "psycopg": "LGPL: used as a library, unchanged; whoever hands out the product may replace it",
    "psycopg-binary": "as psycopg",
    "psycopg-pool": "as psycopg",
    "resvg-py": "MIT by its repository; its wheel does not say",
    "text-unidecode": "Artistic or GPL, at choice: Artistic; comes with Prefect",
    "zope-interface": "ZPL 2.1, permissive; comes with Twisted",
}
"""Licences that are not plainly permissive, with the reason for which they are accepted."""
EXPLAINED_ADVISORIES = {
    "PYSEC-2017-83": "Scrapy has no fix: its file pipelines keep files in memory. None is used, and DOWNLOAD_MAXSIZE is"
    " WIDGET_BUILDER_MAX_PAGE_BYTES",
}
"""Advisories of versions in use, by id or alias, with the reason why they do not apply."""


@dataclass(frozen=True)
class LockedPackage:
    """A package of the lock."""

    name: str
    version: str
    licence: str | None
    """As its metadata says; None if it is not installed: it is for other systems."""

    @property
    def is_accepted(self) -> bool:
        """Whether its licence is permissive, or explained, or not needed here."""
        return self.licence is None or self.name in EXPLAINED or PERMISSIVE.search(self.licence) is not None


def read_lock(lock: Path = LOCKED) -> list[LockedPackage]:
    """Return the packages of a lock, with the licences of those that are installed."""
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE)
    return [LockedPackage(canonicalize_name(name), version, licence_of(name)) for name, version in found]


def licence_of(name: str) -> str | None:
    """Return the licence that a package declares, in whichever of the three ways; None if it is not installed."""
    try:
        declared = metadata(name).json
    except PackageNotFoundError:
        return None
    if expression := declared.get("license_expression"):
        return str(expression)
    kinds = [each.rpartition(" :: ")[2] for each in declared.get("classifier", ()) if each.startswith("License ::")]
    lines = str(declared.get("license", "")).strip().splitlines()
    return ", ".join(kinds) or (lines[0][:80] if lines else "")


def read_advisories(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the OSV records of a folder."""
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text("utf-8"))
        if isinstance(record, dict) and not record.get("withdrawn"):
            yield record


def find_vulnerable(packages: Iterable[LockedPackage], advisories: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return pairs of a locked package and the advisory that affects its version, without those that are explained."""
    locked = {package.name: package.version for package in packages}
    found = set()
    for record in advisories:
        if EXPLAINED_ADVISORIES.keys() & {record["id"], *record.get("aliases", ())}:
            continue
        for affected in record.get("affected", ()):
            package = affected.get("package", {})
            name = canonicalize_name(package.get("name", ""))
            if package.get("ecosystem") == "PyPI" and name in locked and _affects(affected, locked[name]):
                found.add((f"{name} {locked[name]}", f"{record['id']}: {record.get('summary', '')}"))
    return sorted(found)


def _affects(affected: dict[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = [each for each in affected.get("ranges", ()) if each.get("type") == "ECOSYSTEM"]
    return any(_is_within(each.get("events", ()), Version(version)) for each in ranges)


def _is_within(events: Iterable[dict[str, str]], version: Version) -> bool:
    """Whether the last event up to the version introduced the fault."""
    is_affected = False
    for event in events:
        ((kind, text),) = event.items()
        try:
            at = Version(text)
        except InvalidVersion:
            continue
        if kind == "introduced" and version >= at:
            is_affected = True
        if (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            is_affected = False
    return is_affected


def main() -> None:
    """Print the table and what is wrong; exit with 1 if something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--advisories", type=Path, help="folder of OSV records")
    asked = parser.parse_args()
    packages = read_lock()
    table = Table("package", "version", "licence", "")
    for package in packages:
        note = EXPLAINED.get(package.name, "" if package.is_accepted else "NOT ACCEPTED")
        table.add_row(package.name, package.version, package.licence or "not installed here", note)
    console = Console(width=150, highlight=False, markup=False)
    console.print(table)
    refused = [package.name for package in packages if not package.is_accepted]
    console.print(f"Licences of {len(packages)} packages: {', '.join(refused) or 'all permissive or explained'}")
    vulnerable = find_vulnerable(packages, read_advisories(asked.advisories)) if asked.advisories else []
    for name, advisory in vulnerable:
        console.print(f"Vulnerable: {name}: {advisory}")
    if asked.advisories is None:
        console.print("Vulnerabilities: not looked for; give the unpacked list as `make audit ADVISORIES=folder`")
    elif not vulnerable:
        console.print("Vulnerabilities: none known of these versions but those explained:")
        for advisory, reason in EXPLAINED_ADVISORIES.items():
            console.print(f"{advisory}: {reason}")
    sys.exit(bool(refused or vulnerable))


if __name__ == "__main__":
    main()
