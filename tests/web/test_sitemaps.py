"""Sitemaps, llms.txt and feeds are read as hints, however faulty they are."""

import gzip
from collections.abc import Callable
from typing import TypeVar

import pytest

from tasks.web.crawl.hint_files import MAX_BYTES, parse_feed, parse_sitemap
from tasks.web.crawl.sitemaps import find_hints

SITE = "https://example.com"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*paths: str, more: str = "") -> bytes:
    """A sitemap of pages."""
    entries = "".join(f"<url><loc>{SITE}{path}</loc>{more}</url>" for path in paths)
    return f'<?xml version="1.0"?><urlset {NAMESPACE}>{entries}</urlset>'.encode()


def index(*paths: str) -> bytes:
    """A sitemap of sitemaps."""
    entries = "".join(f"<sitemap><loc>{SITE}{path}</loc></sitemap>" for path in paths)
    return f"<sitemapindex {NAMESPACE}>{entries}</sitemapindex>".encode()


R = TypeVar("R")


async def hints(
    files: dict[str, bytes], sitemaps: tuple[str, ...] = (), feeds: tuple[str, ...] = (), most: int = 1000
) -> tuple[list[str], list[str]]:
    """Return the paths in the site's files, and the files requested."""
    asked: list[str] = []

    async def read(url: str) -> bytes | None:
        asked.append(url.removeprefix(SITE))
        return files.get(url.removeprefix(SITE))

    async def parse(parser: Callable[[bytes, str], R], body: bytes, url: str) -> R:
        return parser(body, url)

    found = await find_hints(
        read, parse, f"{SITE}/", list(sitemaps), [SITE + feed for feed in feeds], lambda url: url.startswith(SITE), most
    )
    return [link.url.removeprefix(SITE) for link in found], asked


def test_a_sitemap_names_pages_with_their_weight_and_date() -> None:
    """An invalid priority is ignored."""
    body = urlset("/a", more="<priority>0.8</priority><lastmod>2026-11-24</lastmod>")
    ((link,),) = parse_sitemap(body, SITE)[1:]
    assert (link.url, link.priority, link.modified, link.region) == (f"{SITE}/a", 0.8, "2026-11-24", "sitemap")
    assert parse_sitemap(urlset("/a", more="<priority>high</priority>"), SITE)[1][0].priority is None


@pytest.mark.parametrize(
    "body",
    [
        urlset("/a", "/b"),
        gzip.compress(urlset("/a", "/b")),
        f"{SITE}/a\n{SITE}/b\nnonsense\n".encode(),
        b"\xef\xbb\xbf" + f"{SITE}/a\r\n{SITE}/b".encode(),
        urlset("/a", "/b")[:-9],
        urlset("/a", "/b", "/file.zip").replace(NAMESPACE.encode(), b""),
        b"\n \n" + urlset("/a", "/b"),
        b"\xef\xbb\xbf\n" + urlset("/a", "/b"),
        b"<br />\n<b>Warning</b>: include() failed in /www/map.php on line 3<br />\n" + urlset("/a", "/b"),
        gzip.compress(gzip.compress(urlset("/a", "/b"))),
        urlset("/a", "/b").replace(b'"1.0"', b'"1.0" encoding="UTF-16"'),
        b"\xff\xfe" + urlset("/a", "/b"),
        urlset("/a", "/b").decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
        urlset("/a", "/b").decode().replace('"1.0"', '"1.0" encoding="UTF-8"').encode("utf-16-be"),
        f"{SITE}/a\n{SITE}/b\n".encode("utf-16"),
        urlset("/a") + urlset("/b"),
        urlset("/a", "/b").replace(b"<loc>", b"<image:x><image:loc>&nbsp;/i\x0b.png</image:loc></image:x><loc>"),
        urlset("/a", "/b").replace(b"<loc>", b"<loc><![CDATA[").replace(b"</loc>", b"]]></loc>"),
        urlset("/a", "/b").replace(b"url>", b"sm:url>").replace(b"loc>", b"sm:loc>").replace(b"urlset", b"sm:urlset"),
        urlset("/a", "/b").replace(b"<loc>", b"<news>caf\xe9</news><loc>"),
        f"<rss><channel><item><link>{SITE}/a</link></item><item><guid>{SITE}/b</guid></item></channel></rss>".encode(),
        f"<feed><entry><link rel='self' href='/x.xml'/><link href='{SITE}/a'/></entry>"
        f"<entry><link rel='alternate' href='/b'/><link rel='replies' href='/c'/></entry></feed>".encode(),
    ],
)
def test_sitemaps_come_in_many_forms(body: bytes) -> None:
    """XML, text and feeds, gzipped (twice), cut off, in odd encodings, with faults of XML; files are left out."""
    assert [link.url for link in parse_sitemap(body, SITE)[1]] == [f"{SITE}/a", f"{SITE}/b"]


@pytest.mark.parametrize("written", ["/?a=1&b=2&amp;copy=3", "/?a=1&amp;b=2&amp;amp;copy=3"])
def test_ampersands_count_once_however_they_are_escaped(written: str) -> None:
    """Raw, and escaped twice: no parameter goes, and none becomes a sign."""
    for body in (urlset(written), urlset(f"<![CDATA[{written}]]>")):
        body = body.replace(SITE.encode() + b"<![CDATA[", b"<![CDATA[" + SITE.encode())
        assert [link.url for link in parse_sitemap(body, SITE)[1]] == [f"{SITE}/?a=1&b=2&copy=3"]


def test_entities_of_html_are_their_characters() -> None:
    """XML knows five of them only."""
    assert [link.url for link in parse_sitemap(urlset("/caf&eacute;"), SITE)[1]] == [f"{SITE}/caf%C3%A9"]


def test_an_address_that_is_none_is_left_out_alone() -> None:
    """Pages, nested sitemaps and entries of feeds."""
    bad = b"<url><loc>https://[bad/</loc></url>"
    assert [link.url for link in parse_sitemap(urlset("/a").replace(b"</urlset>", bad), SITE)[1]] == [f"{SITE}/a"]
    assert parse_sitemap(index("/a.xml").replace(SITE.encode(), b"https://[x"), SITE) == ([], [])
    assert parse_feed(b"<rss><item><link>//[bad/</link></item><item><link>/a</link></item></rss>", SITE)


async def test_an_exception_in_one_hint_is_its_own_failure() -> None:
    """Whatever it is: the other files are read."""

    async def read(url: str) -> bytes | None:
        if url.endswith("/b.xml"):
            raise RuntimeError("a fault of ours")
        return {"/sitemap.xml": index("/b.xml", "/c.xml"), "/c.xml": urlset("/c")}.get(url.removeprefix(SITE))

    async def parse(parser: Callable[[bytes, str], R], body: bytes, url: str) -> R:
        return parser(body, url)

    found = await find_hints(read, parse, f"{SITE}/", [], ["http://[bad"], lambda _: True, 10)
    assert [link.url for link in found] == [f"{SITE}/c"]


def test_entities_are_not_resolved() -> None:
    """Neither those that grow nor those that read files."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    for entity in (f'<!ENTITY e0 "xxxxxxxxxx">{bomb}', '<!ENTITY e8 SYSTEM "file:///etc/passwd">'):
        body = f"<!DOCTYPE x [{entity}]><urlset><url><loc>{SITE}/&e8;</loc></url></urlset>".encode()
        assert {link.url for link in parse_sitemap(body, SITE)[1]} <= {f"{SITE}/"}


def test_a_bomb_is_unpacked_within_bounds() -> None:
    """The rest is not read."""
    body = gzip.compress(urlset("/a") + b" " * (2 * MAX_BYTES))
    assert [link.url for link in parse_sitemap(body, SITE)[1]] == [f"{SITE}/a"]
    assert parse_sitemap(b"\x1f\x8bnonsense", SITE) == ([], [])


async def test_indexes_are_followed_within_the_site_and_not_for_ever() -> None:
    """One that names itself, and one that names another host."""
    foreign = index("/b.xml").replace(b"https://example.com/b.xml", b"https://elsewhere.com/b.xml")
    files = {"/sitemap.xml": index("/sitemap.xml", "/a.xml", "/c.xml"), "/a.xml": urlset("/a"), "/c.xml": foreign}
    found, asked = await hints(files)
    assert found == ["/a"]
    assert asked == ["/llms.txt", "/sitemap.xml", "/a.xml", "/c.xml"]
    endless = {f"/{n}.xml": index(f"/{n + 1}.xml") for n in range(100)}
    _, asked = await hints(endless, sitemaps=("/0.xml",))
    assert len(asked) < 10


async def test_named_sitemaps_come_instead_of_the_usual_one() -> None:
    """And no more pages than wanted are taken."""
    found, asked = await hints({"/maps/a.xml": urlset(*(f"/{n}" for n in range(50)))}, ("/maps/a.xml",), most=10)
    assert found == [f"/{n}" for n in range(10)]
    assert asked == ["/llms.txt", "/maps/a.xml"]


async def test_llms_txt_and_feeds_are_hints_too() -> None:
    """Markdown of a page means the page; RSS and Atom."""
    files = {
        "/llms.txt": b"# Us\n- [Guide](/docs/guide.html.md): all\n- [More](https://example.com/more)\n",
        "/rss.xml": b"<rss><channel><link>https://example.com/</link><item><link>/post</link></item></channel></rss>",
        "/atom.xml": b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/entry"/></entry></feed>',
    }
    found, _ = await hints(files, feeds=("/rss.xml", "/atom.xml"))
    assert found == ["/docs/guide.html", "/more", "/post", "/entry"]


async def test_a_page_in_place_of_a_hint_is_ignored() -> None:
    """Some servers answer every request with their home page."""
    home = b"<!doctype html><html><body><a href='/x'>x</a><p>[x](/y)</body></html>"
    found, _ = await hints({"/llms.txt": home, "/sitemap.xml": home})
    assert found == []


def test_an_element_whose_prefix_was_never_declared_is_read_by_its_name() -> None:
    """Many sitemaps have `image:loc` without its namespace: the pages beside it count."""
    images = "<image:image><image:loc>https://example.com/a.png</image:loc></image:image>"
    body = f"<urlset><url><loc>{SITE}/mapped</loc>{images}<xhtml:link href='/x'/></url></urlset>".encode()
    assert [link.url for link in parse_sitemap(body, SITE)[1]] == [f"{SITE}/mapped"]
