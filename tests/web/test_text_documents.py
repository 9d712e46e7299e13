"""Linked Markdown and plain text are pages; the sources of pages are not."""

import pytest

from tasks.core.errors import PageSkipped
from tasks.core.models import Target
from tasks.web.content.main_content import read_page
from tasks.web.crawl.hint_files import parse_llms_txt
from tasks.web.crawl.links import links_of, list_links
from tasks.web.fetching.static import StaticFetcher
from tests.web.conftest import binary, serve

MARKDOWN = (
    b"# Winter storage\n\nWe store boats in a [hall](fees.md#hall).\n\n| Length | Fee |\n|---|---|\n| 9 m | 90 |\n"
)
FRONT = b"---\nlayout: page\ntitle: 'Moorings'\n---\nA mooring costs 40 euros a month.\n"
PLAIN = b"Our terms\r\n\r\nPay within 14 days,\r\nby transfer.\r\n\r\nCall <b> if late.\r\n"


@pytest.mark.parametrize("kind", ["text/markdown; charset=utf-8", "text/plain", "application/octet-stream"])
async def test_a_markdown_document_is_read_as_a_page(static: StaticFetcher, kind: str) -> None:
    """Whatever type the server sends for it: title, text, tables, links."""
    async with serve({"/docs/storage.md": binary(MARKDOWN, Content_Type=kind)}) as site:
        page = await static.fetch(Target(url=f"{site.url}/docs/storage.md", depth=1))
    read = read_page(page)
    assert read.title == "Winter storage"
    assert f"We store boats in a [hall]({site.url}/docs/fees.md#hall)." in read.markdown
    assert "| 9 m" in read.markdown
    assert [link.url for link in links_of(page)] == [f"{site.url}/docs/fees.md"]


async def test_the_front_matter_of_a_document_names_it(static: StaticFetcher) -> None:
    """It is no text."""
    async with serve({"/m.md": binary(FRONT, Content_Type="text/plain")}) as site:
        read = read_page(await static.fetch(Target(url=f"{site.url}/m.md", depth=1)))
    assert read.title == "Moorings"
    assert read.markdown.strip() == "A mooring costs 40 euros a month."


async def test_plain_text_keeps_its_paragraphs(static: StaticFetcher) -> None:
    """And its signs."""
    async with serve({"/terms.txt": binary(PLAIN, Content_Type="text/plain")}) as site:
        read = read_page(await static.fetch(Target(url=f"{site.url}/terms.txt", depth=1)))
    assert read.markdown.splitlines()[0] == "Our terms"
    assert "Call <b> if late." in read.markdown.replace("\\", "").replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize(("path", "body"), [("/log", PLAIN), ("/a.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(32)))])
async def test_other_text_and_binary_data_are_no_pages(static: StaticFetcher, path: str, body: bytes) -> None:
    """Text without an ending that says so may be data of an application."""
    async with serve({path: binary(body, Content_Type="text/plain")}) as site:
        with pytest.raises(PageSkipped, match="text/plain"):
            await static.fetch(Target(url=f"{site.url}{path}", depth=1))


@pytest.mark.parametrize(
    "href", ["/guide.md", "/guide/index.md", "_sources/a.md", "a.rst.txt", "/llms.txt", "/robots.txt", "LICENSE.txt"]
)
def test_sources_of_pages_and_files_for_programs_are_not_followed(href: str) -> None:
    """The page itself says the same."""
    assert list_links(f"<a href='{href}'>x</a>", "https://x.example/guide/") == []
    assert list_links(f"<a href='{href}'>x</a>", "https://x.example/guide.html") == []


def test_other_documents_are_followed() -> None:
    """By their links."""
    links = list_links("<a href='terms.txt'>Terms</a><a href='docs/a.md'>A</a>", "https://x.example/guide.html")
    assert [link.url for link in links] == ["https://x.example/terms.txt", "https://x.example/docs/a.md"]


def test_markdown_that_only_llms_txt_lists_is_not_read() -> None:
    """It is the source of a page."""
    found = parse_llms_txt(b"- [Guide](https://x.example/guide.md)\n- [A](https://x.example/a)", "https://x.example/")
    assert [link.url for link in found] == ["https://x.example/a"]
