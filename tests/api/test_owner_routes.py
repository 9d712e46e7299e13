"""Every route that is not public belongs to somebody: it is closed without a token, and with a stranger's."""

import re
from uuid import uuid4

from starlette.routing import Route

from api.app import create_app
from tasks.core.settings import load_settings
from tests.product import PATH, Event, Product

WIDGETS = "/api/public/widgets/{widget_id}"
PUBLIC = {
    ("POST", PATH),
    ("GET", PATH + "/{build_id}"),
    ("GET", PATH + "/{build_id}/events"),
    ("GET", WIDGETS),
    ("GET", WIDGETS + "/logo"),
    ("GET", WIDGETS + "/search"),
    ("POST", WIDGETS + "/chat"),
    ("POST", WIDGETS + "/feedback"),
    ("POST", WIDGETS + "/leads"),
    ("GET", WIDGETS + "/llms.txt"),
    ("POST", "/mcp/{widget_id}"),
    ("POST", "/api/workspaces"),
    ("GET", "/"),
    ("GET", "/console"),
    ("GET", "/preview/{widget_id}"),
    ("GET", "/preview/{widget_id}/screenshot"),
    ("GET", "/pages/{file}"),
    ("GET", "/widget.js"),
    ("GET", "/widget/{file}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
}
"""Routes that anyone may call. A new route is the owner's, unless it is added here on purpose."""
BUILD_PARTS = [PATH + "/{build_id}/events?logs=1", PATH + "/{build_id}/events?logs=true"]
"""Parts of public routes that are the owner's."""


def closed_routes() -> list[tuple[str, str]]:
    """Method and path of each route that is not public."""
    routes = [route for route in create_app(load_settings(_env_file=None)).routes if isinstance(route, Route)]
    every = {(method, route.path) for route in routes for method in (route.methods or ()) if method != "HEAD"}
    return [*sorted(every - PUBLIC), *(("GET", path) for path in BUILD_PARTS)]


async def test_no_owner_route_opens_without_the_owners_token(product: Product, built: list[Event]) -> None:
    """401 without a token or with one that is no bearer's; 403 with a wrong one, and with another widget's."""
    token = built[0]["data"]["owner_token"]
    async with product.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO widgets (id, site_url, owner_token_hash)"
            " VALUES (gen_random_uuid(), 'https://b.example/', encode(sha256('another owner'), 'hex'))"
        )
    refused = [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Basic {token}"}, 401),
        ({"Authorization": "Bearer nonsense"}, 403),
        ({"Authorization": "Bearer another owner"}, 403),
        ({"Authorization": f"Bearer {built[0]['build_id']}"}, 403),
    ]
    names = {"widget_id": built[0]["data"]["widget_id"], "build_id": built[0]["build_id"]}
    routes = closed_routes()
    assert len(routes) >= 9
    for method, path in routes:
        asked = path
        for part in [part.split("}")[0] for part in path.split("{")[1:]]:
            asked = asked.replace(f"{{{part}}}", str(names.get(part) or uuid4()))
        for headers, status in refused:
            if path in ("/api/widgets", "/api/workspaces") and headers.get("Authorization") == "Bearer another owner":
                continue  # it lists the other owner's own
            async with product.http.stream(method, asked, headers=headers) as answer:
                assert answer.status_code == status, (method, path, headers)
                assert answer.headers["content-type"] == "application/json"


async def test_an_unknown_build_and_a_strangers_look_the_same_without_a_token(
    product: Product, built: list[Event]
) -> None:
    """401 in both cases; with a token, an unknown build is 404."""
    for build_id in (built[0]["build_id"], str(uuid4()), "nonsense"):
        assert (await product.http.delete(f"{PATH}/{build_id}")).status_code == 401
    for build_id in (str(uuid4()), "nonsense"):
        answer = await product.http.delete(f"{PATH}/{build_id}", headers={"Authorization": "Bearer nonsense"})
        assert answer.status_code == 404


async def test_owner_and_administrator_are_let_in_everywhere(product: Product) -> None:
    """On every route about a widget; a widget of this test's own, as some of them delete it.

    Members and workspaces: `http/test_roles.py`.
    """
    tokens = {"owner": f"the token {uuid4()}", "admin": product.info.admin_token}
    for token in tokens.values():
        widget = uuid4()
        async with product.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO widgets (id, site_url, owner_token_hash)"
                " VALUES (%s, 'https://c.example/', encode(sha256(%s::bytea), 'hex'))",
                (widget, tokens["owner"].encode()),
            )
        routes = [route for route in closed_routes() if not re.search("build_id|workspace_id", route[1])]
        # The widget itself is deleted last.
        for method, path in sorted(routes, key=lambda route: route == ("DELETE", "/api/widgets/{widget_id}")):
            asked = path.replace("{widget_id}", str(widget))
            for part in [part.split("}")[0] for part in asked.split("{")[1:]]:
                asked = asked.replace(f"{{{part}}}", str(uuid4()))
            headers = {"Authorization": f"Bearer {token}"}
            async with product.http.stream(method, asked, headers=headers) as answer:
                assert answer.status_code not in (401, 403, 500), (method, path)
