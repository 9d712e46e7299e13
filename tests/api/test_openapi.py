"""The OpenAPI document names every route, and everything it refers to is there."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from api.app import create_app
from api.openapi_routes import BODIES, LOOSE_BODIES, STREAMS, make_contract
from tasks.core.settings import Settings


def routes() -> list[Route]:
    """All routes of the application."""
    return [route for route in create_app(Settings(_env_file=None)).routes if isinstance(route, Route)]  # type: ignore[call-arg]


def references(part: Any) -> Iterator[str]:
    """Yield the targets of all references in a part of the document."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_route_is_in_the_document() -> None:
    """With its methods and the parameters of its path; owners' routes ask for a token, and name the role."""
    document = make_contract(routes())
    wanted = {(route.path, method) for route in routes() for method in (route.methods or set()) - {"HEAD"}}
    assert {(path, method.upper()) for path, found in document["paths"].items() for method in found} == wanted
    roles = {(route.path, method): getattr(route, "role", None) for route in routes() for method in route.methods or ()}
    assert len([role for role in roles.values() if role]) > 30
    for path, found in document["paths"].items():
        for method, operation in found.items():
            in_path = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert in_path == re.findall(r"{(\w+)}", path)
            assert operation["summary"]
            role = roles[path, method.upper()]
            assert (operation.get("x-role"), "security" in operation) == (role, role is not None)


def test_operations_have_names_of_their_own() -> None:
    """Generators name functions after them."""
    names = [
        operation["operationId"] for found in make_contract(routes())["paths"].values() for operation in found.values()
    ]
    assert len(names) == len(set(names))


def test_what_is_referred_to_is_there() -> None:
    """And every endpoint with a body or a stream is one of a route."""
    document = make_contract(routes())
    found = set(references(document))
    assert found
    for target in found:
        part: Any = document
        for name in target.removeprefix("#/").split("/"):
            part = part[name]
    used = {operation["operationId"] for each in document["paths"].values() for operation in each.values()}
    assert {endpoint.__name__ for endpoint in (*BODIES, *LOOSE_BODIES, *STREAMS)} <= used
