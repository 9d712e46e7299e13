"""Imports go one way: from what assembles to what is assembled."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("flows", "tasks", "api", "deployments", "tests")

ENGINES = ("tasks.web", "tasks.brand", "tasks.knowledge")
AFTER_EMBEDDING = ("indexing", "search", "answering")
FORBIDDEN = {
    "tasks/core": ("prefect", "starlette", "scrapy", "playwright", "tasks.records", *ENGINES),
    "tasks/records": ("prefect", "starlette", "scrapy", "playwright", "flows", "api", *ENGINES),
    "tasks/web": ("prefect", "starlette", "tasks.brand", "tasks.knowledge", "flows", "api"),
    "tasks/web/content": ("scrapy", "playwright", "tasks.web.fetching", "tasks.web.crawl"),
    "tasks/web/crawl": ("scrapy", "playwright", "tasks.web.fetching", "tasks.web.content"),
    "tasks/web/fetching": ("tasks.web.content",),
    "tasks/brand": ("prefect", "starlette", "tasks.web", "tasks.knowledge", "flows", "api"),
    "tasks/knowledge": ("prefect", "starlette", "tasks.web", "tasks.brand", "flows", "api"),
    "tasks/knowledge/language": tuple(f"tasks.knowledge.{room}" for room in ("embedding", *AFTER_EMBEDDING)),
    "tasks/knowledge/embedding": tuple(f"tasks.knowledge.{room}" for room in AFTER_EMBEDDING),
    "tasks/knowledge/indexing": ("tasks.knowledge.search", "tasks.knowledge.answering"),
    "tasks/knowledge/search": ("tasks.knowledge.answering",),
    "tasks": ("starlette", "flows", "api", "deployments"),
    "flows": ("starlette", "api", "deployments", "psycopg", "scrapy", "playwright"),
    "api": ("scrapy", "playwright", "flows", "deployments", "tasks.web", "tasks.brand"),
}
STAGES = ("theme", "extract", "scrape", "embed", "store")
PREFECT_IN_API = {"prefect_runs.py"}
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|LISTEN|NOTIFY) ")
PSYCOPG_IN_API = {("psycopg", "Error"), ("psycopg_pool", "PoolTimeout")}
SOURCES = sorted(
    file
    for package in ("flows", "tasks", "api", "deployments")
    for file in (ROOT / package).rglob("*.py")
    if "node_modules" not in file.parts
)


def imported(file: Path) -> Iterator[str]:
    """Names of the modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_under(module: str, name: str) -> bool:
    """Whether the module is the named one or in it."""
    return module == name or module.startswith(name + ".")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """The table of the architecture, held."""
    files = [file for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts]
    assert files
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imported(file)
        if any(is_under(module, name) for name in FORBIDDEN[room])
    ]
    assert wrong == []


def test_no_stage_imports_another() -> None:
    """Stages meet in the flow alone."""
    for stage in STAGES:
        others = {f"tasks.{other}" for other in STAGES if other != stage}
        assert not others & set(imported(ROOT / "tasks" / f"{stage}.py"))


def test_the_api_speaks_to_prefect_in_one_module() -> None:
    """So that what Prefect changes is changed in one place."""
    speaking = {
        file.name
        for file in (ROOT / "api").rglob("*.py")
        if any(is_under(module, "prefect") for module in imported(file))
    }
    assert speaking == PREFECT_IN_API


@pytest.mark.parametrize(
    "file", [file for file in SOURCES if file.is_relative_to(ROOT / "api")], ids=lambda it: it.stem
)
def test_the_api_has_no_sql(file: Path) -> None:
    """Statements belong to `tasks.records`; of the driver the API knows the errors alone."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if SQL.match(text)] == []
    driver = {
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("psycopg")
        for alias in node.names
    }
    assert driver <= PSYCOPG_IN_API
    assert not {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names} & {"psycopg"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type checking count too: a reader follows them like any other."""
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in SOURCES}
    order = TopologicalSorter({name: {*_needed(name, file, modules)} for name, file in modules.items()})
    order.prepare()


def _needed(name: str, file: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for full in {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)} & modules.keys():
                if full != name:
                    yield full


def test_package_files_are_empty() -> None:
    """Nothing happens at import."""
    assert [
        str(file) for package in PACKAGES for file in (ROOT / package).rglob("__init__.py") if file.read_text()
    ] == []
