"""The log of a service: its output, free of secrets, in a file that only we can read."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tasks.core.redaction import redact

MAX_LOG_BYTES = 10_000_000
"""A larger log is renamed (`.1`) at the next start."""
CHUNK_BYTES = 65_536
MAX_LINE_BYTES = 65_536
"""A longer line is written in parts …"""
OVERLAP_BYTES = 4_096
"""… which overlap by the length of the longest secret, redacted before they are cut."""
DRAIN_S = 2.0
"""Seconds to wait for the last output of a process that has ended."""


class ServiceLog:
    """Copies what a process writes into the log, line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0
        self._copying: threading.Thread | None = None

    @contextmanager
    def open(self) -> Iterator[int]:
        """Start a new section of the log; yield the file descriptor that a process writes it to."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)
        if self.path.exists() and self.path.stat().st_size > MAX_LOG_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        log = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)
        # A log of an earlier version may be open to all.
        os.fchmod(log.fileno(), 0o600)
        self._start = log.seek(0, os.SEEK_END)
        # Not asyncio's pipe: the process's end must not wait for children of it that still hold the other end.
        output, writing = os.pipe()
        # A thread: the process must never wait for our event loop to take its output.
        self._copying = threading.Thread(target=_copy, args=(output, log), name=self.path.stem, daemon=True)
        self._copying.start()
        try:
            yield writing
        finally:
            os.close(writing)

    def read(self) -> str:
        """Return the output since the last start."""
        with self.path.open("rb") as log:
            log.seek(self._start)
            return log.read(MAX_LOG_BYTES).decode(errors="replace")

    def drain(self) -> None:
        """Wait until the output of a process that has ended is in the log; children may still write."""
        if self._copying is not None:
            self._copying.join(DRAIN_S)


def _copy(output: int, log: BinaryIO) -> None:
    """Copy until all have closed the other end; each line is redacted as a whole."""
    pending = b""
    with log, os.fdopen(output, "rb", buffering=0) as pipe:
        while chunk := pipe.read(CHUNK_BYTES):
            lines, newline, pending = (pending + chunk).rpartition(b"\n")
            _write(log, _redact(lines) + newline)
            if len(pending) > MAX_LINE_BYTES:
                pending = _redact(pending)
                _write(log, pending[:-OVERLAP_BYTES])
                pending = pending[-OVERLAP_BYTES:]
        _write(log, _redact(pending))


def _redact(output: bytes) -> bytes:
    return redact(output.decode(errors="replace")).encode()


def _write(log: BinaryIO, output: bytes) -> None:
    # On a full disk the output is lost; the service goes on.
    with suppress(OSError):
        log.write(output)
