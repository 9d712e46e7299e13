"""Import rules: `deployments → flows → stages → engines → records → core`; `api` imports knowledge, records, core."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("flows", "tasks", "api", "deployments", "tests")

STAGES = ("theme", "extract", "scrape", "embed", "store")
STAGE_MODULES = (*(f"tasks.{stage}" for stage in STAGES), "tasks.reading", "tasks.reader_process", "tasks.retries")
ENGINES = ("tasks.web", "tasks.brand", "tasks.knowledge")
ENGINE_MODULES_IN_FLOWS = {
    "tasks.brand.site_identity",
    "tasks.knowledge.embedding.embedder",
    "tasks.knowledge.embedding.open_embedder",
    "tasks.knowledge.evaluation.answer_comparison",
    "tasks.knowledge.facts.fact_writer",
    "tasks.knowledge.facts.site_facts",
    "tasks.knowledge.indexing.source_writer",
    "tasks.knowledge.indexing.vector_index",
    "tasks.web.crawl.duplicates",
    "tasks.web.crawl.family_budgets",
    "tasks.web.crawl.frontier",
    "tasks.web.crawl.links",
    "tasks.web.crawl.scope",
    "tasks.web.crawl.site_languages",
    "tasks.web.crawl.url_patterns",
    "tasks.web.crawl.urls",
    "tasks.web.reader",
}
"""Engine modules that `flows` imports: the crawl's frontier, and the types and resources passed to the stages."""
AFTER_EMBEDDING = ("indexing", "facts", "search", "answering")
FORBIDDEN = {
    "tasks/core": ("prefect", "starlette", "scrapy", "playwright", "tasks.records", *ENGINES, *STAGE_MODULES),
    "tasks/records": ("prefect", "starlette", "scrapy", "playwright", "flows", "api", *ENGINES, *STAGE_MODULES),
    "tasks/documents": ("prefect", "starlette", "tasks.records", *ENGINES, "flows", "api", *STAGE_MODULES),
    "tasks/web": ("prefect", "starlette", "tasks.brand", "tasks.knowledge", "flows", "api", *STAGE_MODULES),
    "tasks/web/content": ("scrapy", "playwright", "tasks.web.fetching", "tasks.web.crawl"),
    "tasks/web/facts": ("scrapy", "playwright", "tasks.web.fetching", "tasks.web.crawl", "tasks.web.content"),
    "tasks/web/crawl": ("scrapy", "playwright", "tasks.web.fetching", "tasks.web.content"),
    "tasks/web/fetching": ("tasks.web.content",),
    "tasks/brand": ("prefect", "starlette", "tasks.web", "tasks.knowledge", "flows", "api", *STAGE_MODULES),
    "tasks/knowledge": ("prefect", "starlette", "tasks.web", "tasks.brand", "flows", "api", *STAGE_MODULES),
    "tasks/knowledge/language": tuple(f"tasks.knowledge.{room}" for room in ("embedding", *AFTER_EMBEDDING)),
    "tasks/knowledge/embedding": tuple(f"tasks.knowledge.{room}" for room in AFTER_EMBEDDING),
    "tasks/knowledge/indexing": ("tasks.knowledge.facts", "tasks.knowledge.search", "tasks.knowledge.answering"),
    "tasks/knowledge/facts": ("tasks.knowledge.search", "tasks.knowledge.answering"),
    "tasks/knowledge/search": ("tasks.knowledge.answering",),
    "tasks": ("starlette", "flows", "api", "deployments"),
    "flows": ("starlette", "api", "deployments", "psycopg", "scrapy", "playwright"),
    "api": ("scrapy", "playwright", "flows", "deployments", "tasks.web", *STAGE_MODULES),
}
BRAND_IN_API = {"tasks.brand.own_logo"}
PREFECT_IN_API = {"prefect_runs.py", "prefect_schedules.py"}
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|LISTEN|NOTIFY) ")
PSYCOPG_IN_API = {("psycopg", "Error"), ("psycopg_pool", "PoolTimeout")}
SOURCES = sorted(
    file
    for package in ("flows", "tasks", "api", "deployments")
    for file in (ROOT / package).rglob("*.py")
    if "node_modules" not in file.parts
)


def parse_source(file: Path) -> ast.Module:
    """Return a module of the product as a tree."""
    text = file.read_text()
    try:
        return ast.parse(text)
    except SystemError:
        # CPython 3.11.7 loses count of the depth when another thread parses (gh-106905).
        return ast.parse(text)


def imported(file: Path) -> Iterator[str]:
    """Yield the names of the modules a file imports, also inside functions."""
    for node in ast.walk(parse_source(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_under(module: str, name: str) -> bool:
    """Whether the module is the named one or inside it."""
    return module == name or module.startswith(name + ".")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """Rules of the architecture, one set for each room."""
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
    """Stages meet only in the flow."""
    for stage in STAGES:
        others = {f"tasks.{other}" for other in STAGES if other != stage}
        assert not others & set(imported(ROOT / "tasks" / f"{stage}.py"))


def test_the_api_imports_of_brand_only_the_drawing_of_an_owners_logo() -> None:
    """The rest of the room belongs to builds."""
    found = {module for file in (ROOT / "api").rglob("*.py") for module in imported(file)}
    assert {module for module in found if is_under(module, "tasks.brand")} == BRAND_IN_API


def test_flows_import_of_the_engines_only_these_modules() -> None:
    """A new one is a decision: the flow has the sequence, the engines have the work."""
    found = {
        module
        for file in (ROOT / "flows").rglob("*.py")
        for module in imported(file)
        if any(is_under(module, engine) for engine in ENGINES)
    }
    assert found == ENGINE_MODULES_IN_FLOWS


def test_the_api_speaks_to_prefect_in_two_modules() -> None:
    """One for runs, one for schedules: a change of Prefect's API is then a change of these."""
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
    """SQL belongs to `tasks.records`; of the driver, the API imports only the errors."""
    nodes = list(ast.walk(parse_source(file)))
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
    """Imports for type checking count too: a reader follows them like all others."""
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in SOURCES}
    order = TopologicalSorter({name: {*_needed(name, file, modules)} for name, file in modules.items()})
    order.prepare()


def _needed(name: str, file: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(parse_source(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for full in {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)} & modules.keys():
                if full != name:
                    yield full


def test_package_files_are_empty() -> None:
    """Importing a package has no side effects."""
    assert [
        str(file) for package in PACKAGES for file in (ROOT / package).rglob("__init__.py") if file.read_text()
    ] == []
