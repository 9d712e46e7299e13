"""The prepared database of the embedded Prefect server."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deployments.stack.prefect_database import NAME, copy_prepared_database, main, prepared_database


def test_a_new_server_begins_with_a_migrated_database(tmp_path: Path) -> None:
    """As Prefect makes it; it has Prefect's tables and the number of its last migration."""
    main()
    copy_prepared_database(tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / NAME)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"flow_run", "work_pool", "events"} <= tables
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)


def test_a_database_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """It has the runs of all builds."""
    (tmp_path / NAME).write_bytes(b"all runs")
    copy_prepared_database(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"all runs"


def test_without_a_prepared_database_prefect_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as after an installation by other means."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "elsewhere"))
    assert not prepared_database().exists()
    copy_prepared_database(tmp_path)
    assert list(tmp_path.iterdir()) == []
