"""The READMEs name what there is: every setting, route, event and command, in the room it belongs to."""

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
PAGES = [
    Path(name)
    for name in (
        "README.md",
        ".github/CONTRIBUTING.md",
        "api/README.md",
        "deployments/README.md",
        "tasks/knowledge/README.md",
        "tasks/web/README.md",
        "tests/README.md",
    )
]
HTTP = (ROOT / "api/README.md").read_text()
OPERATION = (ROOT / "deployments/README.md").read_text()
EXTERNAL = {
    "database_url",
    "prefect_api_url",
    "prefect_api_auth_string",
    "prefect_api_key",
    "openai_api_key",
    "openai_base_url",
}
MOST_WORDS = 900
MOST_PICTURE_BYTES = 200_000


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_explained(field: str) -> None:
    """By the name one sets in the environment."""
    name = field.upper() if field in EXTERNAL else PREFIX + field.upper()
    assert f"`{name}`" in OPERATION


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_setting_is_explained_that_does_not_exist(page: Path) -> None:
    """A setting that was renamed is renamed here too."""
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", (ROOT / page).read_text())) <= known


def test_every_route_has_its_line() -> None:
    """Method and path, as one asks for them, with a curl line."""
    for route in create_app(Settings(_env_file=None)).routes:
        assert isinstance(route, Route)
        method = next(iter((route.methods or set()) - {"HEAD"}))
        path = route.path.replace("{widget_id}", "{id}")
        lines = [line for line in HTTP.splitlines() if line.startswith(f"| `{method} {path}` |")]
        assert len(lines) == 1, f"{method} {path}"
        assert "curl" in lines[0]


@pytest.mark.parametrize("kind", EventType)
def test_every_event_is_named(kind: EventType) -> None:
    """So that a client can be written from the README."""
    assert f"`{kind}`" in HTTP


def test_every_command_is_explained() -> None:
    """Those that `widget-builder --help` lists."""
    names = get_command(command_line).commands  # type: ignore[attr-defined]
    assert names
    for name in names:
        assert f"| `widget-builder {name}" in OPERATION


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    """Pictures and other files of the repository."""
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page.parent / link).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_that_are_named_are_there(page: Path) -> None:
    """From the root, or from the page's own folder: what was moved is moved here too."""
    named = re.findall(r"`([\w./-]+(?:/|\.(?:py|json|md|yaml|yml|toml)))`", (ROOT / page).read_text())
    missing = [path for path in named if not any((base / path).exists() for base in (ROOT, ROOT / page.parent))]
    # In the data folder, and there only while a stack runs.
    assert set(missing) <= {"stack.json", "DATA_DIR/stack.json", "logs/"}


def test_the_readme_is_read_in_five_minutes() -> None:
    """Details are in the rooms they belong to; the picture is light and is the first thing seen."""
    text = (ROOT / "README.md").read_text()
    assert len(text.split()) <= MOST_WORDS
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", text[:1_000])
    assert picture is not None
    assert (ROOT / picture[1]).stat().st_size <= MOST_PICTURE_BYTES


def test_every_row_of_the_reliability_table_names_tests_that_exist() -> None:
    """A promise without a test is none."""
    table = (ROOT / "deployments/README.md").read_text().partition("## Reliability")[2]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        files = re.findall(r"`(tests/[\w/]+\.py)`", row[3])
        assert files, row
        assert [file for file in files if not (ROOT / file).exists()] == []
