"""The doctor's findings on the terminal."""

import io
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console

from deployments.display.findings import render_findings


def test_findings_show_the_remedy_of_what_is_wrong() -> None:
    """A passed check has its detail, a failed one its problem and remedy."""
    good = SimpleNamespace(name="PostgreSQL", ok=True, problem="", remedy="", detail="18.4, pgvector 0.8.5", warning="")
    bad = SimpleNamespace(name="Chromium", ok=False, problem="not found", remedy="apt-get install chromium", detail="")
    out = io.StringIO()
    Console(file=out, width=60).print(render_findings(cast(Any, [good, bad])))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "✓ PostgreSQL   18.4, pgvector 0.8.5",
        "✗ Chromium     not found",
        "               → apt-get install chromium",
    ]
