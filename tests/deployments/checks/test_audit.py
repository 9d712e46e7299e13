"""The audit of locked packages: licences that are permissive or explained, versions without known vulnerabilities."""

import json
from pathlib import Path

import pytest

from deployments.checks.audit import (
    EXPLAINED,
    EXPLAINED_ADVISORIES,
    LockedPackage,
    find_vulnerable,
    read_advisories,
    read_lock,
)


def test_every_locked_package_has_a_licence_that_is_permissive_or_explained() -> None:
    """And no explanation is of a package that is gone."""
    packages = read_lock()
    assert len(packages) > 100
    assert [package.name for package in packages if not package.is_accepted] == []
    assert EXPLAINED.keys() <= {package.name for package in packages}


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0", "Proprietary", "UNKNOWN", "", "Commercial"])
def test_another_licence_is_not_accepted(licence: str) -> None:
    """Nor is none."""
    assert not LockedPackage("thing", "1", licence).is_accepted


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [("1.0", False), ("1.2", True), ("1.9.1", True), ("2.0rc1", True), ("2.0", False), ("3.0", True), ("3.1", False)],
)
def test_a_version_is_vulnerable_from_where_the_fault_came_in_until_it_was_mended(
    tmp_path: Path, version: str, is_affected: bool
) -> None:
    """By ranges and by lists of versions; a withdrawn advisory counts for nothing."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "1.1"}, {"fixed": "2.0"}]}]
    record = {
        "id": "PYSEC-1",
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": "Some_Thing"}, "ranges": ranges, "versions": ["3.0"]},
            {"package": {"ecosystem": "npm", "name": "some-thing"}, "versions": ["1.0", "2.0", "3.1"]},
        ],
    }
    (tmp_path / "one.json").write_text(json.dumps(record))
    (tmp_path / "two.json").write_text(json.dumps(record | {"id": "PYSEC-2", "withdrawn": "2026-01-01T00:00:00Z"}))
    found = find_vulnerable([LockedPackage("some-thing", version, "MIT")], read_advisories(tmp_path))
    assert found == ([(f"some-thing {version}", "PYSEC-1: ")] if is_affected else [])


@pytest.mark.parametrize("named", [{"id": "PYSEC-9"}, {"id": "GHSA-9", "aliases": ["CVE-9", "PYSEC-9"]}])
def test_an_advisory_that_is_explained_counts_for_nothing(
    tmp_path: Path, named: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its id or by an alias, as lists of advisories repeat each other's; another one of the package counts."""
    monkeypatch.setitem(EXPLAINED_ADVISORIES, "PYSEC-9", "Not used here")
    affected = [{"package": {"ecosystem": "PyPI", "name": "thing"}, "versions": ["1"]}]
    for n, record in enumerate((named, {"id": "PYSEC-8"})):
        (tmp_path / f"{n}.json").write_text(json.dumps(record | {"affected": affected}))
    found = find_vulnerable([LockedPackage("thing", "1", "MIT")], read_advisories(tmp_path))
    assert found == [("thing 1", "PYSEC-8: ")]
