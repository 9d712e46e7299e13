"""A widget's pictures of its site: served from our own origin, small, and deleted with the widget."""

import io
from typing import Any

from PIL import Image

from tests.product import Event, Product
from tests.sites.server import Site, serve_site

MAX_LOGO = 64_000
MAX_SCREENSHOT = 200_000


def opened(data: bytes, kind: str) -> Image.Image:
    """The decoded picture; asserts its format."""
    return Image.open(io.BytesIO(data), formats=(kind,))


async def config_of(product: Product, widget: str) -> dict[str, Any]:
    """The widget's public configuration."""
    found: dict[str, Any] = (await product.http.get(f"/api/public/widgets/{widget}")).json()
    return found


async def test_the_logo_is_a_small_picture_of_our_own(product: Product, built: list[Event], company: Site) -> None:
    """Immutable under its tag, revalidated without one; the site's file is named but not passed on."""
    widget = built[0]["data"]["widget_id"]
    config = await config_of(product, widget)
    path = f"/api/public/widgets/{widget}/logo"
    answer = await product.http.get(path, params={"v": config["logo"]}, headers={"Origin": company.url})
    picture = opened(answer.content, "PNG")
    assert picture.height == 80
    assert len(answer.content) <= MAX_LOGO
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["access-control-allow-origin"] == "*"
    plain = await product.http.get(path)
    assert plain.headers["cache-control"] == "no-cache"
    again = await product.http.get(path, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert config["theme"]["logo_url"].startswith(company.url)
    assert "logo_tile" not in config["theme"]


async def test_the_preview_has_a_screenshot_of_the_page_that_was_loaded(product: Product, built: list[Event]) -> None:
    """The first screen, in the site's own colours."""
    answer = await product.http.get(f"/preview/{built[0]['data']['widget_id']}/screenshot")
    picture = opened(answer.content, "JPEG")
    assert picture.size == (1440, 900)
    assert len(answer.content) <= MAX_SCREENSHOT
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "image/jpeg"
    again = await product.http.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_a_deleted_widgets_pictures_are_gone(product: Product) -> None:
    """404, as for an unknown widget; a widget without pictures yet gets 204."""
    async with serve_site() as site:
        events = await product.build(site.url, depth=0)
    widget = events[0]["data"]["widget_id"]
    paths = [f"/api/public/widgets/{widget}/logo", f"/preview/{widget}/screenshot"]
    for path in paths:
        assert (await product.http.get(path)).status_code == 200
    async with product.pool.connection() as connection:
        await connection.execute("DELETE FROM widget_pictures WHERE widget_id = %s", (widget,))
    assert [(await product.http.get(path)).status_code for path in paths] == [404, 204]
    assert (await config_of(product, widget))["logo"] is None
    owner = {"Authorization": f"Bearer {events[0]['data']['owner_token']}"}
    await product.http.delete(f"/api/widgets/{widget}", headers=owner)
    assert [(await product.http.get(path)).status_code for path in paths] == [404, 404]
    assert await product.count("SELECT count(*) FROM widget_pictures WHERE widget_id = %s", widget) == 0
