"""The owner's view and settings of a widget, and its allowed origins."""

from typing import Any

import pytest

from tests.product import Event, Product


@pytest.fixture
async def owned(product: Product) -> tuple[str, dict[str, str]]:
    """A widget without knowledge for this test, and its owner's header."""
    token = "a token"
    statement = (
        "INSERT INTO widgets (id, site_url, name, owner_token_hash)"
        " VALUES (gen_random_uuid(), 'https://a.example/', 'A', encode(sha256(%s::bytea), 'hex')) RETURNING id"
    )
    async with product.pool.connection() as connection:
        row = await (await connection.execute(statement, (token.encode(),))).fetchone()
    assert row is not None
    return str(row[0]), {"Authorization": f"Bearer {token}"}


async def test_visitors_see_the_owners_settings(product: Product, owned: tuple[str, dict[str, str]]) -> None:
    """At once; a reset setting is again as found on the site."""
    widget, owner = owned
    chosen: dict[str, Any] = {
        "name": "Shop",
        "greeting": "Ask!",
        "suggested_questions": ["Why?"],
        "primary": "#7c3aed",
        "scheme": "auto",
    }
    answer = await product.http.patch(f"/api/widgets/{widget}", json=chosen, headers=owner)
    assert answer.json()["chosen"] == chosen
    config = (await product.http.get(f"/api/public/widgets/{widget}")).json()
    assert {name: config[name] for name in ("name", "greeting", "suggested_questions")} == {
        name: chosen[name] for name in ("name", "greeting", "suggested_questions")
    }
    assert config["theme"]["scheme"] == "auto"
    assert config["theme"]["tokens"]["light"]["--aw-primary"] == "#7c3aed"
    await product.http.patch(f"/api/widgets/{widget}", json={"primary": None}, headers=owner)
    shown = (await product.http.get(f"/api/widgets/{widget}", headers=owner)).json()
    assert "primary" not in shown["chosen"]
    assert shown["chosen"]["name"] == "Shop"
    assert shown["theme"]["primary"] == "#1f2937"


async def test_only_the_owner_may_see_change_and_delete(
    product: Product, built: list[Event], owned: tuple[str, dict[str, str]]
) -> None:
    """Not without a token, nor with a wrong one or another widget's."""
    _, other_owner = owned
    path = f"/api/widgets/{built[0]['data']['widget_id']}"
    for method in ("GET", "PATCH", "DELETE"):
        assert (await product.http.request(method, path)).status_code == 401
        for token in ({"Authorization": "Bearer x"}, other_owner):
            assert (await product.http.request(method, path, headers=token)).status_code == 403
    mine = {"Authorization": f"Bearer {built[0]['data']['owner_token']}"}
    assert (await product.http.get(path, headers=mine)).json()["found"]["sources"]


async def test_an_invalid_setting_is_refused_with_its_field(
    product: Product, owned: tuple[str, dict[str, str]]
) -> None:
    """And nothing is changed."""
    widget, owner = owned
    refused = await product.http.patch(f"/api/widgets/{widget}", json={"name": "B", "primary": "red"}, headers=owner)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["field"]) == (422, "primary_invalid", "primary")
    assert (await product.http.get(f"/api/widgets/{widget}", headers=owner)).json()["chosen"] == {}


async def test_a_rule_beyond_the_settings_is_refused_with_its_field(
    product: Product, owned: tuple[str, dict[str, str]]
) -> None:
    """As is one that is no rule; null brings back the default."""
    widget, owner = owned
    path = f"/api/widgets/{widget}"
    wrong_sites = ["ftp://a.example/", "http://10.0.0.1/", "a b.example", 7]
    for field, wrong in [
        *{"depth": 99, "max_pages": 10**9, "include": ["docs"], "render": "now"}.items(),
        ("read_noindex_paths", ["terms"]),
        *(("sites", [site]) for site in wrong_sites),
        ("sites", [f"http://127.0.0.{number}/" for number in range(1, 12)]),
    ]:
        refused = await product.http.patch(path, json={"languages": ["de"], field: wrong}, headers=owner)
        error = refused.json()["error"]
        assert (error["code"], error["field"].split(".")[0]) == (f"{field}_invalid", field)
    rules = (await product.http.patch(path, json={"depth": 0, "include": ["/a/*"]}, headers=owner)).json()["rules"]
    assert (rules["depth"], rules["include"], rules["languages"]) == (0, ["/a/*"], [])
    rules = (await product.http.patch(path, json={"depth": None, "include": None}, headers=owner)).json()["rules"]
    assert (rules["depth"], rules["include"]) == (2, [])


async def test_a_widget_works_on_its_allowed_origins_only(product: Product, owned: tuple[str, dict[str, str]]) -> None:
    """Every public route refuses other origins, and clients that send no origin."""
    widget, owner = owned
    public = f"/api/public/widgets/{widget}"
    await product.http.patch(
        f"/api/widgets/{widget}", json={"allowed_origins": ["https://Shop.example"]}, headers=owner
    )
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", public, {}),
        ("GET", f"{public}/logo", {}),
        ("GET", f"/preview/{widget}/screenshot", {}),
        ("GET", f"{public}/search?q=x", {}),
        ("POST", f"{public}/chat", {"json": {"message": "x"}}),
        ("POST", f"{public}/feedback", {"json": {"message_id": widget, "rating": "up"}}),
    ]
    for method, path, options in requests:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await product.http.request(method, path, headers=headers, **options)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    for headers in (
        {"Origin": "https://shop.example"},
        {"Origin": product.info.api_url},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ):
        for path in (public, f"{public}/logo", f"/preview/{widget}/screenshot"):
            assert (await product.http.get(path, headers=headers)).status_code in (200, 204, 404)
    # Every browser names the page with a POST: a request that only claims to be ours is refused.
    for method, path, options in requests:
        if method == "POST":
            answer = await product.http.post(path, headers={"Sec-Fetch-Site": "same-origin"}, **options)
            assert answer.status_code == 403


async def test_a_deleted_widget_is_gone(product: Product, owned: tuple[str, dict[str, str]]) -> None:
    """For visitors and for its owner."""
    widget, owner = owned
    assert (await product.http.delete(f"/api/widgets/{widget}", headers=owner)).status_code == 204
    assert (await product.http.get(f"/api/public/widgets/{widget}")).status_code == 404
    assert (await product.http.get(f"/api/widgets/{widget}", headers=owner)).status_code == 403
