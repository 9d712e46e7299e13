"""The widget's scripts, and CORS on its routes."""

import gzip
import re

import pytest
from starlette.requests import Request

from api.pages.bundles import read_bundle, send_bundle
from tests.browser.bundles import build_if_changed
from tests.product import Event, Product


@pytest.fixture(scope="module", autouse=True)
def bundles() -> None:
    """Build the bundles of the current sources."""
    build_if_changed()


async def panel_path(product: Product) -> str:
    """The panel's path, as named in the loader."""
    script = (await product.http.get("/widget.js")).text
    found = re.search(r"panel-\w+\.js", script)
    assert found is not None
    return f"/widget/{found[0]}"


async def test_what_a_visitor_fetches_is_small(product: Product) -> None:
    """At most 2.5 KB for the loader and 20 KB for the panel, compressed."""
    for path, most in (("/widget.js", 2_500), (await panel_path(product), 20_000)):
        answer = await product.http.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) <= most
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        plain = await product.http.get(path, headers={"Accept-Encoding": "identity"})
        assert plain.content == answer.content
        assert len(gzip.compress(plain.content)) <= most


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("BR", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("gzip; q=0.000", None),
        ("zbr", None),
        ("", None),
    ],
)
def test_a_script_is_sent_in_the_smallest_encoding_that_is_accepted(accepted: str, encoding: str | None) -> None:
    """Brotli before gzip; what has quality 0 is not accepted."""
    bundle = read_bundle("widget.js")
    request = Request({"type": "http", "headers": [(b"accept-encoding", accepted.encode())]})
    answer = send_bundle(request, bundle, {})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.body == (bundle.plain if encoding is None else bundle.encoded[encoding])
    assert len(bundle.encoded["br"]) < len(bundle.encoded["gzip"]) < len(bundle.plain)


async def test_the_loader_is_revalidated_and_the_panel_is_immutable(product: Product) -> None:
    """The panel's name changes with its content; the loader's does not, so it has an ETag."""
    script = await product.http.get("/widget.js")
    assert script.headers["cache-control"] == "public, max-age=300"
    again = await product.http.get("/widget.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    panel = await product.http.get(await panel_path(product))
    assert panel.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_outdated_loader_gets_the_current_panel(product: Product) -> None:
    """Uncached, as its name belongs to another version."""
    panel = await product.http.get(await panel_path(product))
    old = await product.http.get("/widget/panel-AAAAAAAA.js")
    assert old.content == panel.content
    assert old.headers["cache-control"] == "no-cache"


async def test_other_sites_may_call_the_widgets_routes_and_no_others(built: list[Event], product: Product) -> None:
    """Other sites load scripts and widget routes; they cannot start builds."""
    origin = {"Origin": "https://shop.example"}
    widget = f"/api/public/widgets/{built[0]['data']['widget_id']}"
    for path in ("/widget.js", await panel_path(product), widget, f"{widget}/search?q=warranty", f"{widget}/nothing"):
        answer = await product.http.get(path, headers=origin)
        assert answer.headers["access-control-allow-origin"] == "*"
    asked = origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    assert (await product.http.options(f"{widget}/chat", headers=asked)).status_code == 200
    build = await product.http.options("/api/public/ai-widget-builder", headers=asked)
    assert "access-control-allow-origin" not in build.headers


async def test_the_configuration_has_the_complete_theme(built: list[Event], product: Product) -> None:
    """The variables of both schemes, without their sources on the site, which are the owner's."""
    config = (await product.http.get(f"/api/public/widgets/{built[0]['data']['widget_id']}")).json()
    theme = config["theme"]
    assert set(theme["tokens"]) == {"light", "dark"}
    assert theme["tokens"]["light"]["--aw-primary"] == theme["primary"]
    assert "sources" not in theme


async def test_a_theme_stored_by_an_earlier_version_gets_the_variables_added_since(
    built: list[Event], product: Product
) -> None:
    """By the rules of this version, from its colours as stored."""
    plain = (
        "INSERT INTO widgets (id, site_url, name, theme) SELECT gen_random_uuid(), site_url, name,"
        " theme #- '{tokens,light,--aw-primary-edge}' #- '{tokens,dark}' FROM widgets WHERE id = %s RETURNING id"
    )
    widget = built[0]["data"]["widget_id"]
    async with product.pool.connection() as connection:
        row = await (await connection.execute(plain, (widget,))).fetchone()
    assert row is not None
    themes = [(await product.http.get(f"/api/public/widgets/{each}")).json()["theme"] for each in (widget, row[0])]
    assert themes[0]["tokens"] == themes[1]["tokens"]


async def test_a_widget_without_a_theme_gets_a_neutral_one(product: Product) -> None:
    """While its build has not found one, or if the stored one is invalid."""
    plain = "INSERT INTO widgets (id, site_url, name, theme) VALUES (gen_random_uuid(), %s, %s, %s) RETURNING id"
    for stored in (None, '{"primary": "url(x)"}'):
        async with product.pool.connection() as connection:
            row = await (await connection.execute(plain, ("https://a.example/", "A", stored))).fetchone()
        assert row is not None
        theme = (await product.http.get(f"/api/public/widgets/{row[0]}")).json()["theme"]
        assert (theme["scheme"], theme["tokens"]["light"]["--aw-primary"]) == ("light", "#1f2937")
