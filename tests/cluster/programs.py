"""Programs that the cluster needs and the product does not install."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REDIS_PACKAGE = Path(sys.prefix) / "cluster"
"""Folder into which `make cluster-test` installs prefect-redis: the product itself runs without it."""
SERVICES_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class ProgramsMissing(Exception):
    """Programs are not there; the message has a sentence for each, with the package that brings it."""


@dataclass(frozen=True)
class Programs:
    """Paths of the programs."""

    redis: Path
    nginx: Path
    postgres: Path
    """Folder of a PostgreSQL that has pg_trgm, which Prefect needs and the wheel's lacks."""
    redis_package: Path
    """Folder to put on Python's path for Prefect's server."""


def find_programs_of_cluster(
    path: str | None = None,
    postgres_folders: Sequence[str] = POSTGRES_FOLDERS,
    redis_package: Path = REDIS_PACKAGE,
) -> Programs:
    """Find all programs; `path` is searched as the variable PATH is, by default that and the folders of services.

    Raises:
        ProgramsMissing: one or more are not there.
    """
    searched = f"{os.environ.get('PATH', os.defpath)}:{SERVICES_PATH}" if path is None else path
    redis, nginx = (shutil.which(name, path=searched) for name in ("redis-server", "nginx"))
    postgres = _find_postgres(postgres_folders)
    missing = []
    if redis is None:
        missing.append("redis-server was not found: apt-get install redis-server.")
    if nginx is None:
        missing.append("nginx was not found: apt-get install nginx.")
    if postgres is None:
        missing.append("No PostgreSQL with pg_trgm was found for Prefect's server: apt-get install postgresql.")
    if importlib.util.find_spec("prefect_redis") is None and not (redis_package / "prefect_redis").is_dir():
        missing.append(f"prefect-redis was not found in {redis_package}: make cluster-test installs it.")
    if redis is None or nginx is None or postgres is None or missing:
        raise ProgramsMissing("\n".join(missing))
    return Programs(Path(redis), Path(nginx), postgres, redis_package)


def _find_postgres(folders: Sequence[str]) -> Path | None:
    """Return the newest one that has pg_trgm; Debian keeps extensions under share, beside lib."""
    found = [programs for pattern in folders for programs in Path("/").glob(pattern.lstrip("/"))]
    for programs in sorted(found, key=_version, reverse=True):
        shared = (Path("/usr/share/postgresql") / programs.parent.name, programs.parent / "share")
        if (programs / "initdb").exists() and any([*each.rglob("pg_trgm.control")] for each in shared):
            return programs
    return None


def _version(programs: Path) -> tuple[int, ...]:
    digits = "".join(letter if letter.isdigit() else " " for letter in programs.parent.name)
    return tuple(map(int, digits.split()))
