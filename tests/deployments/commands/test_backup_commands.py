"""The commands `backup` and `restore`."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from deployments.commands.backup_commands import run_backup, run_restore
from tasks.core.errors import BackupFailed, DependencyUnavailable
from tasks.records.backup_file import create_backup
from tasks.records.schema import newest_version
from tests.conftest import MakeSettings
from tests.deployments.command_line import run


def backup_of_a_widget(path: Path) -> Path:
    """A backup with one widget and nothing else."""
    with create_backup(path, lambda _table, _size: None) as writer:
        writer.add_table("widgets", ("id", "site_url"), [f"{uuid4()}\thttps://a.example/\n".encode()])
        writer.finish("0.1.0", newest_version(), datetime(2026, 11, 1, tzinfo=UTC))
    return path


def test_a_machine_without_a_stack_gets_a_database_and_gives_it_back(settings: MakeSettings, tmp_path: Path) -> None:
    """The embedded database is started for the command and stopped after it; a second restoration is refused."""
    stopped = settings(database_url=None, data_dir=tmp_path / "data")
    out = io.StringIO()
    console = Console(file=out)
    with pytest.raises(DependencyUnavailable, match="no database in"):
        run_backup(stopped, tmp_path / "b", console)
    run_restore(stopped, backup_of_a_widget(tmp_path / "a"), console, replace=False)
    run_backup(stopped, tmp_path / "b", console)
    restored, written = out.getvalue().splitlines()
    assert restored.startswith("Restored the backup of 2026-")
    assert "widgets: 1, pages: 0, rows: 1, indexed widgets: 0" in restored
    assert written.startswith(f"{tmp_path / 'b'}: ")
    assert "widgets: 1, pages: 0, rows: 1" in written
    with pytest.raises(BackupFailed, match="--replace"):
        run_restore(stopped, tmp_path / "b", console, replace=False)
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()


async def test_a_file_that_is_not_there_is_one_line_and_exit_1(tmp_path: Path) -> None:
    """No database is created for it."""
    code, out, err = await run(tmp_path, "restore", str(tmp_path / "nothing"))
    assert (code, out) == (1, "")
    assert err == f"widget-builder: {tmp_path / 'nothing'} cannot be read: No such file or directory.\n"
    assert os.listdir(tmp_path) == []
