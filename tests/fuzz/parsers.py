"""The parsers of what strangers send, each as a function of bytes that raises only what its callers expect."""

import asyncio
import contextlib
import json
import math
from collections.abc import Callable

from scrapy.http import HtmlResponse
from scrapy.http import Request as ScrapyRequest
from scrapy.http.cookies import CookieJar

from tasks.brand.colours import parse_colour
from tasks.brand.derived_theme import HomePageProbe, derive_theme, resources_for
from tasks.brand.fonts import safe_font_list
from tasks.brand.marks import data_of
from tasks.brand.site_identity import identify_site
from tasks.brand.site_images import draw_picture
from tasks.core.addresses import parse_start_url
from tasks.core.errors import InvalidRequest, PageError
from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.documents.docx import read_docx
from tasks.documents.pdf import read_pdf
from tasks.reading import ReadOptions, read_in_chunks
from tasks.web.crawl import robots
from tasks.web.crawl.directives import forbids_following, forbids_indexing
from tasks.web.crawl.hint_files import parse_feed, parse_llms_txt, parse_sitemap
from tasks.web.crawl.links import links_of, list_feeds, list_links
from tasks.web.crawl.site_languages import detect_languages
from tasks.web.crawl.urls import clean_url, in_scope, looks_like_page, page_key, site_key
from tasks.web.fetching.cookies import _from_playwright, _to_playwright
from tasks.web.fetching.decoding import decode_html
from tasks.web.fetching.forwarding import HeadTooLarge, Refusal, RequestReader
from tasks.web.fetching.host_rate import parse_retry_after
from tasks.web.fetching.responses import check_response, detect_type
from tasks.web.fetching.shells import shell_sign
from tasks.web.rendering import read_signs

SITE = "https://shop.example/"
OPTIONS = ReadOptions(model="text-embedding-3-small", timeout_s=30)


def page_of(html: str, **metadata: str) -> FetchedPage:
    """A fetched page with that source."""
    return FetchedPage(
        target=Target(url=SITE, depth=0),
        final_url=SITE,
        method=FetchMethod.http,
        html=html,
        byte_count=len(html),
        metadata=metadata,
    )


def read_robots(document: bytes) -> None:
    """robots.txt: rules, delay, sitemaps."""
    rules = asyncio.run(robots._parse(robots._text(document)))
    for path in ("", "private/a.html", "a?b=c%zz", "\u00e9"):
        with contextlib.suppress(PageError):
            rules.check(SITE + path)
    assert rules.delay_s is None or math.isfinite(rules.delay_s)
    assert all(isinstance(found, str) for found in rules.sitemaps)


def read_hints(document: bytes) -> None:
    """Sitemaps, feeds, `llms.txt`."""
    nested, links = parse_sitemap(document, SITE)
    check_links([*links, *parse_feed(document, SITE), *parse_llms_txt(document, SITE)])
    assert all(isinstance(found, str) for found in nested)


def check_links(links: list[Link]) -> None:
    """Links are addresses that can be fetched, keyed and sorted."""
    for link in links:
        assert link.url.startswith(("http://", "https://")), link
        assert link.priority is None or 0 <= link.priority <= 1, link
        page_key(link.url), site_key(link.url), in_scope(link.url, SITE)


def read_manifest(document: bytes) -> None:
    """A web app manifest, as one of the resources of a theme."""
    probe = HomePageProbe(SITE, SITE, light={"manifest": "/m.json", "title": "Shop"})
    derive_theme(probe, dict.fromkeys(resources_for(probe), document))


def read_probe_result(document: bytes) -> None:
    """Results of the probe as a page's scripts made them."""
    try:
        answer = json.loads(document)
    except (ValueError, RecursionError):
        return
    probe = HomePageProbe(SITE, SITE, light=answer, dark=answer)
    theme = derive_theme(probe, dict.fromkeys(resources_for(probe), b"<svg></svg>"))
    theme.model_dump_json()


def read_html(document: bytes) -> None:
    """A page: its text, links, language, facts, chunks."""
    html = decode_html(document, "text/html")
    page = page_of(html)
    links = links_of(page)
    check_links([*links, *list_links(html, SITE, keep_routes=True)])
    list_feeds(html, SITE), read_signs(html), shell_sign(html), identify_site(html, SITE)
    detect_languages(page, links)
    forbids_following(page)
    try:
        chunked = read_in_chunks(page, OPTIONS)
    except PageError:
        return
    texts = [chunked.page.title, chunked.page.markdown, *(chunk.text for chunk in chunked.chunks)]
    for text in texts:
        assert "\0" not in text, "PostgreSQL has no NUL"
        text.encode()
    json.dumps(chunked.page.metadata)


def read_css(document: bytes) -> None:
    """Colours and fonts."""
    css = document.decode("utf-8", "replace")
    colour = parse_colour(css)
    assert colour is None or (len(colour) == 7 and int(colour[1:], 16) >= 0), colour
    fonts = safe_font_list(css)
    assert fonts is None or not {"<", ">", "{", "}", ";"} & set(fonts), fonts


def read_picture(document: bytes) -> None:
    """A logo or icon, as bytes and as a `data:` URL."""
    draw_picture(document)
    data_of(document.decode("latin-1"))


def read_pdf_document(document: bytes) -> None:
    """A PDF."""
    try:
        title, text, _ = read_pdf(document, f"{SITE}a%zz.pdf")
    except PageError:
        return
    f"{title}{text}".encode()
    assert "\0" not in title + text


def read_docx_document(document: bytes) -> None:
    """A Word document."""
    try:
        title, text = read_docx(document)
    except PageError:
        return
    f"{title}{text}".encode()
    assert "\0" not in title + text


def read_proxy_request(document: bytes) -> None:
    """Requests to the gate, in portions."""
    reader = RequestReader()
    try:
        for begin in range(0, min(len(document), 200_000), 1_000):
            reader.feed(document[begin : begin + 1_000])
            while (request := reader.read()) is not None:
                assert 0 < request.port < 65_536
                if request.is_tunnel or request.has_body:
                    return
    except (Refusal, HeadTooLarge):
        return


def read_headers(document: bytes) -> None:
    """Content-Type, Retry-After and X-Robots-Tag, each a line."""
    lines = document.decode("latin-1").split("\n")
    kind, wait, robots_tag = ([*lines, "", "", ""])[:3]
    delay = parse_retry_after(wait)
    assert delay is None or (math.isfinite(delay) and delay >= 0), delay
    page = page_of("<p>x</p>", **{"x-robots-tag": robots_tag, "x_robots_tag": robots_tag})
    forbids_indexing(page), forbids_following(page)
    decode_html(document, kind)
    detect_type(kind, document)
    with contextlib.suppress(PageError):
        check_response(status=503, content_type=kind, start_url=SITE, final_url=SITE, retry_after=wait)


def read_cookies(document: bytes) -> None:
    """Set-Cookie, on its way to the browser and back."""
    jar, request = CookieJar(), ScrapyRequest(SITE)
    response = HtmlResponse(SITE, headers={"Set-Cookie": document.replace(b"\r", b"").split(b"\n")}, request=request)
    jar.extract_cookies(response, request)
    for cookie in list(jar):
        json.dumps(_to_playwright(cookie))
        jar.set_cookie(_from_playwright(_to_playwright(cookie)))
    jar.add_cookie_header(ScrapyRequest(f"{SITE}other"))


def read_url(document: bytes) -> None:
    """Addresses, as links and as the start of a build."""
    text = document.decode("utf-8", "replace")
    check_links(list_links(f'<base href="{text}"><a href="{text}">x</a>', SITE))
    if url := clean_url(text):
        page_key(url), site_key(url), in_scope(url, SITE), looks_like_page(url)
    with contextlib.suppress(InvalidRequest):
        parse_start_url(text)


PARSERS: dict[str, Callable[[bytes], None]] = {
    "robots": read_robots,
    "hints": read_hints,
    "manifest": read_manifest,
    "probe": read_probe_result,
    "html": read_html,
    "css": read_css,
    "pictures": read_picture,
    "pdf": read_pdf_document,
    "docx": read_docx_document,
    "proxy": read_proxy_request,
    "headers": read_headers,
    "cookies": read_cookies,
    "urls": read_url,
}
"""Parsers by name; the good documents of each are in `tests.fuzz.good_documents`."""
