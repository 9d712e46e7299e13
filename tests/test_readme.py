"""The README names what there is: every setting, route, event and command."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route
from typer.main import get_command

from api.app import create_app
from deployments.cli import app as command_line
from tasks.core.events import EventType
from tasks.core.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXTERNAL = {"database_url", "prefect_api_url", "openai_api_key", "openai_base_url"}


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_explained(field: str) -> None:
    """By the name one sets in the environment."""
    name = field.upper() if field in EXTERNAL else PREFIX + field.upper()
    assert f"`{name}`" in README


def test_no_setting_is_explained_that_does_not_exist() -> None:
    """A setting that was renamed is renamed here too."""
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", README)) <= known


def test_every_route_has_its_line() -> None:
    """Method and path, as one asks for them, with a curl line."""
    for route in create_app(Settings(_env_file=None)).routes:
        assert isinstance(route, Route)
        method = next(iter((route.methods or set()) - {"HEAD"}))
        path = route.path.replace("{widget_id}", "{id}")
        lines = [line for line in README.splitlines() if line.startswith(f"| `{method} {path}` |")]
        assert len(lines) == 1, f"{method} {path}"
        assert "curl" in lines[0]


@pytest.mark.parametrize("kind", EventType)
def test_every_event_is_named(kind: EventType) -> None:
    """So that a client can be written from the README."""
    assert f"`{kind}`" in README


def test_every_command_is_explained() -> None:
    """Those that `widget-builder --help` lists."""
    names = get_command(command_line).commands  # type: ignore[attr-defined]
    assert names
    for name in names:
        assert f"| `widget-builder {name}" in README


def test_what_it_links_to_is_there() -> None:
    """Pictures and other files of the repository."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
