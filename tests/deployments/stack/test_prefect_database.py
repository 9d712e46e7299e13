"""The prepared database of the embedded Prefect server."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deployments.stack.prefect_database import (
    NAME,
    VERSION_NAME,
    copy_prepared_database,
    is_complete,
    main,
    mark_complete,
    prepared_database,
)


def test_a_new_server_begins_with_a_migrated_database(tmp_path: Path) -> None:
    """As Prefect makes it; it has Prefect's tables and the number of its last migration."""
    main()
    copy_prepared_database(tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / NAME)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"flow_run", "work_pool", "events"} <= tables
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM block_type WHERE slug = 'slack-webhook'").fetchone() == (1,)
    assert is_complete(tmp_path / "new")


def test_a_database_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """It has the runs of all builds."""
    (tmp_path / NAME).write_bytes(b"all runs")
    copy_prepared_database(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"all runs"
    assert not is_complete(tmp_path)


def test_a_database_of_another_version_is_migrated(tmp_path: Path) -> None:
    """Only a server of the version that has completed it starts without looking."""
    (tmp_path / NAME).touch()
    mark_complete(tmp_path)
    assert is_complete(tmp_path)
    (tmp_path / VERSION_NAME).write_text("3.0.0")
    assert not is_complete(tmp_path)
    mark_complete(tmp_path)
    (tmp_path / NAME).unlink()
    assert not is_complete(tmp_path)


def test_without_a_prepared_database_prefect_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as after an installation by other means."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "elsewhere"))
    assert not prepared_database().exists()
    copy_prepared_database(tmp_path)
    assert list(tmp_path.iterdir()) == []
