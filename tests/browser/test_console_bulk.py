"""Many widgets at once in the console: added, read again, chosen and exported."""

import asyncio
import csv

import pytest
from playwright.async_api import expect

from tasks.core.database import Pool
from tasks.records import build_quotas
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, Chat
from tests.browser.consoles import DESKTOP, MakeConsole

MANY = 52
"""More than one client may have unfinished."""
END = "UPDATE scrape_jobs SET status = 'completed', statistics = '{\"stored_pages\": 3}' WHERE site LIKE '127.0.9.%'"
COUNT = """
SELECT count(*) FROM widgets JOIN workspaces ON workspaces.id = workspace_id
WHERE site_url LIKE 'http://127.0.9.%' AND workspaces.name = 'Many'
"""


async def test_many_addresses_wait_for_places_and_survive_a_reload(
    console: MakeConsole, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest starts as others end, while one looks at other pages; all are in the new workspace."""
    monkeypatch.setattr(build_quotas, "RETRY_S", 1)
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in(ADMIN)
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await opened.open("#/add")
    text = "\n".join(f"http://127.0.9.{number}:1/" for number in range(1, MANY + 1))
    await page.get_by_label("Addresses of websites").fill(text)
    await page.get_by_label("Workspace", exact=True).select_option("A new workspace …")
    await page.get_by_label("Name of the new workspace").fill("Many")
    await page.get_by_role("button", name="Build").click()
    await page.get_by_label("Token", exact=True).filter(has_text="awb_").wait_for()
    await page.get_by_text("for a free place").wait_for()
    assert await opened.violations() == []
    await page.reload()
    await page.get_by_text(f"0 of {MANY} done").wait_for()
    await page.get_by_role("link", name="Widgets", exact=True).click()
    await page.locator("tbody").get_by_text("Building").first.wait_for()
    async with pool.connection() as connection:
        while (await (await connection.execute(COUNT)).fetchone()) != (MANY,):
            await connection.execute(END)
            await asyncio.sleep(0.2)
        await connection.execute(END)
    await page.get_by_role("link", name="Add", exact=True).or_(page.get_by_role("link", name="Reading")).click()
    await page.get_by_text(f"{MANY} of {MANY} done.").wait_for()
    assert await page.get_by_role("row").filter(has_text="Ready3 pages").count() == MANY
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE site_url LIKE 'http://127.0.9.%'")


async def test_all_that_the_search_finds_are_chosen_exported_and_read_again(
    console: MakeConsole, shop: Chat, pool: Pool
) -> None:
    """The choice stays when the list is shown anew; a name that begins like a formula is text."""
    await save_settings(pool, shop.site.widget_id, {"name": "=1+1 Roasters"})
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="=1+1 Roasters").wait_for()
    async with page.expect_download() as file:
        await page.get_by_role("button", name="Export CSV").click()
    rows = list(csv.DictReader((await (await file.value).path()).read_text("utf-8-sig").splitlines()))
    assert [(row["id"], row["name"]) for row in rows] == [(str(shop.site.widget_id), "'=1+1 Roasters")]
    await page.get_by_label("Choose all 1").check()
    await expect(page.get_by_label("Choose =1+1 Roasters")).to_be_checked()
    await page.get_by_role("button", name="Read again").click()
    again = page.locator("tbody").get_by_text("Reading again")
    await again.wait_for()
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET status = 'cancelled' WHERE status IN ('pending', 'running') AND widget_id = %s",
            (shop.site.widget_id,),
        )
    await again.wait_for(state="detached")


FILE = "\r\n".join(
    (
        "\ufeffName;Website;Price",
        '"Leith; Roasters";"http://127.0.9.1:1/";2.50',
        "Again;127.0.9.1:1;12.05.2026",
        "Secure;HTTPS://127.0.9.1:1/;v2.1",
        '"Quoted";"http://127.0.9.2:1/menu?a=1,2";',
        "Comma,http://127.0.9.3:1/,http://127.0.9.4:1/",
        "Tab\thttp://127.0.9.5:1/\t7",
        "Pipe|http://127.0.9.6:1/|mail@127.0.9.7",
        "Angle <http://127.0.9.8:1/>",
        "Nothing;n/a;0.5",
        "",
        "kaffee-köln.example;xn--bcher-kva.example",
        "http://127.0.9.300:1/",
        "ftp://127.0.9.10/",
        "",
    )
)
FOUND = [
    "http://127.0.9.1:1/",
    "http://127.0.9.2:1/menu?a=1,2",
    *(f"http://127.0.9.{number}:1/" for number in (3, 4, 5, 6, 8)),
    "kaffee-köln.example",
    "xn--bcher-kva.example",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_a_file_of_a_spreadsheet_gives_each_address_once(console: MakeConsole, encoding: str) -> None:
    """Whatever separates the cells; headers, prices and broken addresses are none, and lines without one are told."""
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in(ADMIN)
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await opened.open("#/add")
    content = FILE.encode(encoding) if encoding == "utf-8" else FILE.removeprefix("\ufeff").encode(encoding)
    file = {"name": "sites.csv", "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("Or a CSV file").set_input_files([file])  # type: ignore[list-item]
    await page.get_by_text("9 addresses. 4 lines have none, the first: “Name;Website;Price”.").wait_for()
    assert (await page.get_by_label("Addresses of websites").input_value()).split("\n") == FOUND
    assert await opened.violations() == []


async def test_many_addresses_are_proposed_a_workspace(console: MakeConsole) -> None:
    """With a token each, they would be lost with the tab; one's own choice is kept."""
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in(ADMIN)
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await opened.open("#/add")
    text, choice = page.get_by_label("Addresses of websites"), page.get_by_label("Workspace", exact=True)
    many = "\n".join(f"http://127.0.9.{number}:1/" for number in range(1, 12))
    await text.fill("http://127.0.9.1:1/")
    await expect(choice).to_have_value("")
    await text.fill(many)
    await expect(choice).to_have_value("new")
    await expect(page.get_by_label("Name of the new workspace")).to_be_visible()
    await choice.select_option("")
    await text.fill(f"{many}\nexample.com")
    await page.get_by_text("12 addresses.").wait_for()
    await expect(choice).to_have_value("")
