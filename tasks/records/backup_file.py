"""The backup file: a ZIP archive with a member for each table, in COPY's text format, and a manifest.

The manifest is the last member and the archive's directory follows it, so a file that breaks off is recognized. Each
table has a SHA-256 sum in the manifest.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from pydantic import ValidationError

from tasks.core.errors import BackupFailed
from tasks.core.models import Frozen

FORMAT = 1
"""Number of this layout; a file with a higher one is refused."""
MANIFEST = "manifest.json"
BLOCK_BYTES = 1 << 18
LEVEL = 1
"""Fastest compression: higher levels make the file a few percent smaller and take twice the time."""
Advance = Callable[[str, int], None]
"""Called with a table's name and the bytes of it that were handled since the last call."""


class BackupTable(Frozen):
    """A table in the file."""

    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str


class BackupManifest(Frozen):
    """Contents of the file."""

    format: int
    product: str
    """Version of the product that wrote it."""
    schema_version: str
    """Migration that the tables belong to."""
    created_at: datetime
    tables: dict[str, BackupTable]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def bytes(self) -> int:
        """Size of all tables before compression."""
        return sum(table.bytes for table in self.tables.values())


class BackupWriter:
    """A backup file under construction."""

    def __init__(self, archive: ZipFile, advance: Advance) -> None:
        self._archive = archive
        self._advance = advance
        self._tables: dict[str, BackupTable] = {}

    def add_table(self, name: str, columns: tuple[str, ...], blocks: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write a table; COPY sends a block for each row."""
        digest, size, rows = hashlib.sha256(), 0, 0
        with self._archive.open(_member(name), "w", force_zip64=True) as member:
            for block in blocks:
                digest.update(block)
                member.write(block)
                size, rows = size + len(block), rows + 1
                self._advance(name, len(block))
        self._tables[name] = BackupTable(columns=columns, rows=rows, bytes=size, sha256=digest.hexdigest())

    def finish(self, product: str, schema_version: str, created_at: datetime) -> BackupManifest:
        """Write the manifest."""
        manifest = BackupManifest(
            format=FORMAT, product=product, schema_version=schema_version, created_at=created_at, tables=self._tables
        )
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        return manifest


@contextmanager
def create_backup(path: Path, advance: Advance) -> Iterator[BackupWriter]:
    """Create a backup file, readable by its owner only; it takes its name when it is complete.

    Raises:
        BackupFailed: the file cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                yield BackupWriter(archive, advance)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise BackupFailed(f"{path} cannot be written: {error.strerror or error}. Choose another file.") from error
    finally:
        unfinished.unlink(missing_ok=True)


class BackupReader:
    """A backup file whose manifest has been read."""

    def __init__(self, archive: ZipFile, manifest: BackupManifest, path: Path) -> None:
        self._archive = archive
        self._path = path
        self.manifest = manifest

    def read_table(self, name: str) -> Iterator[bytes]:
        """Yield the table in blocks.

        Raises:
            BackupFailed: the file is damaged.
        """
        digest = hashlib.sha256()
        with damage_refused(self._path):
            with self._archive.open(_member(name)) as member:
                while block := member.read(BLOCK_BYTES):
                    digest.update(block)
                    yield block
            if digest.hexdigest() != self.manifest.tables[name].sha256:
                raise BadZipFile(f"wrong checksum of {name}")

    def verify(self) -> None:
        """Read the whole file once.

        Raises:
            BackupFailed: the file is damaged.
        """
        for name in self.manifest.tables:
            for _ in self.read_table(name):
                pass


@contextmanager
def open_backup(path: Path) -> Iterator[BackupReader]:
    """Open a backup file and read its manifest.

    Raises:
        BackupFailed: the file cannot be read, is damaged, or is of a later version.
    """
    try:
        file: IO[bytes] = path.open("rb")
    except OSError as error:
        raise BackupFailed(f"{path} cannot be read: {error.strerror or error}.") from error
    with file:
        with damage_refused(path):
            archive = ZipFile(file)
            manifest = BackupManifest.model_validate_json(archive.read(MANIFEST))
        if manifest.format > FORMAT:
            raise BackupFailed(f"{path} was made by a later version of the product ({manifest.product}): update first.")
        yield BackupReader(archive, manifest, path)


@contextmanager
def damage_refused(path: Path) -> Iterator[None]:
    """Turn errors of reading the archive into one.

    Raises:
        BackupFailed: with the cause.
    """
    try:
        yield
    # zipfile raises RuntimeError for flags of encryption and unknown methods, ValueError for odd names.
    except (BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, ValueError, OSError) as error:
        cause = "" if isinstance(error, ValidationError) else f" ({error})"
        raise BackupFailed(
            f"{path} is damaged, incomplete or no backup{cause}: nothing was restored. Use another copy."
        ) from error


def _member(table: str) -> str:
    return f"tables/{table}.copy"
