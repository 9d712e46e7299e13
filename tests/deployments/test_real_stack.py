"""The real stack: its widgets operated from the command line, its state checked by the doctor."""

import json
from pathlib import Path

from deployments.checks.doctor import examine
from tests.conftest import MakeSettings
from tests.deployments.command_line import run
from tests.product import PATH, Event, Product


async def test_widgets_of_the_stack_are_operated_from_the_command_line(
    product: Product, built: list[Event], tmp_path: Path
) -> None:
    """With the token of stack.json the widget is rebuilt, listed and deleted."""
    stack = {"api_url": product.info.api_url, "admin_token": product.info.admin_token}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    body = {"url": built[0]["data"]["url"], "depth": 0}
    events = [event async for event in product.stream("POST", PATH, json=body)]
    made = events[0]["data"]["widget_id"]
    code, out, _ = await run(tmp_path, "recrawl", made, "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["data"]["widget_id"] == made
    code, out, _ = await run(tmp_path, "list")
    assert any(line.startswith(f"{made}\tready\t1\t") for line in out.splitlines())
    assert (await run(tmp_path, "delete", made))[0] == 0
    assert (await product.http.get(f"/api/public/widgets/{made}")).status_code == 404


async def test_a_running_stack_is_examined_as_it_runs(product: Product, settings: MakeSettings) -> None:
    """Database, Prefect with deployments and worker, and API are checked."""
    folder = product.data_dir
    found = await examine(settings(database_url=None, data_dir=folder))
    assert [finding for finding in found if not finding.ok] == []
    details = {finding.name: finding.detail for finding in found}
    assert "embedded, running" in details["Database"]
    assert "deployments build, nightly, housekeeping, workers online: 1" in details["Prefect"]
    assert details["API"] == f"{product.info.api_url} is ready"
