"""Pages of other sites before the running API: builds are not for them."""

import pytest

from tests.product import PATH, Product

FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_builds_are_not_for_foreign_pages(product: Product, headers: dict[str, str]) -> None:
    """Neither to start nor to follow nor to cancel; nothing was started."""
    before = await product.count("SELECT count(*) FROM scrape_jobs")
    for method, path in (
        ("POST", f"{PATH}?url=https://example.com/&depth=0"),
        ("GET", f"{PATH}/x"),
        ("GET", f"{PATH}/x/events"),
        ("DELETE", f"{PATH}/x"),
    ):
        answer = await product.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed"), path
    assert await product.count("SELECT count(*) FROM scrape_jobs") == before


async def test_our_own_pages_and_links_are_let_in(product: Product) -> None:
    """By the names of loopback, without an origin, and when a link from elsewhere is followed."""
    port = product.info.api_url.rpartition(":")[2]
    for headers in (
        {},
        {"Origin": product.info.api_url},
        {"Origin": f"http://localhost:{port}"},
        {"Origin": "http://192.0.2.7:8080", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        assert (await product.http.get(f"{PATH}/x", headers=headers)).status_code == 404


async def test_a_forged_host_opens_nothing(product: Product) -> None:
    """An origin is ours by the settings, not because the request calls itself so; tokens are asked for as ever."""
    for host in ("evil.example", "127.0.0.1", "a b", "", "[::1", "x" * 5_000):
        headers = {"Host": host, "Origin": f"http://{host}"}
        answer = await product.http.get(f"{PATH}/x", headers=headers)
        assert answer.status_code in (400, 403), host
        answer = await product.http.get("/api/widgets", headers={"Host": host})
        assert answer.status_code in (400, 401), host
