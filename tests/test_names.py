"""Unique names of classes and modules, and docstrings that begin with the thing's name or a verb."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.test_imports import ROOT, SOURCES, parse_source

ODD_BEGINNINGS = re.compile(r"(What|Who|Whoever|Take in|Takes in)\b")
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Yield each module of the product with its path in the tree."""
    for file in SOURCES:
        yield file.relative_to(ROOT), parse_source(file)


def repeated(places: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the names found in more than one place."""
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_classes_have_one_name() -> None:
    """Private classes may: they are used only in their own module."""
    places = defaultdict(list)
    for path, tree in trees():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path))
    assert repeated(places) == {}


def test_no_two_modules_have_one_name() -> None:
    """The empty `__init__.py` of packages excepted."""
    places = defaultdict(list)
    for path, _ in trees():
        if path.name != "__init__.py":
            places[path.stem].append(str(path))
    assert repeated(places) == {}


def test_no_two_migrations_have_one_number() -> None:
    """Two that are merged at the same time conflict in no line."""
    places = defaultdict(list)
    for file in (ROOT / "tasks/records/migrations/versions").glob("[0-9]*.py"):
        places[file.name.partition("_")[0]].append(file.name)
    assert repeated(places) == {}


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of the docstrings of modules, classes, functions and fields."""
    for node in ast.walk(tree):
        if isinstance(node, Documented):
            for at, statement in enumerate(node.body):
                is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                if is_text and isinstance(statement.value.value, str) and (at == 0 or not _is_function(node)):
                    yield statement.lineno, statement.value.value


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_docstrings_begin_with_a_name_or_a_verb() -> None:
    """A reader learns what something is from its first word."""
    odd = [
        f"{path}:{line} {text.splitlines()[0]}"
        for path, tree in trees()
        for line, text in docstrings(tree)
        if ODD_BEGINNINGS.match(text.strip())
    ]
    assert odd == []
