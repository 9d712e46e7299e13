"""Good documents of each kind, from which broken ones are made."""

# Documents are as they are.
# ruff: noqa: E501

import gzip
import io
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.documents.files import make_docx, paragraph, table

TESTS = Path(__file__).parent.parent

ROBOTS = b"""User-agent: *
Disallow: /private/*.html$
Allow: /private/open
Crawl-delay: 2.5
Request-rate: 1/5
Sitemap: https://shop.example/sitemap.xml

User-agent: AIWidgetBuilder
Disallow:
"""
SITEMAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/x">
<url><loc>https://shop.example/a?b=1&amp;c=2</loc><lastmod>2026-01-01</lastmod><priority>0.8</priority></url>
<url><loc><![CDATA[https://shop.example/caf\xc3\xa9]]></loc><image:image><image:loc>x</image:loc></image:image></url>
</urlset>"""
INDEX = b"""<sitemapindex><sitemap><loc>https://shop.example/s1.xml.gz</loc></sitemap></sitemapindex>"""
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>One</title><link>https://shop.example/one</link><guid>https://shop.example/1</guid></item></channel></rss>"""
ATOM = (
    b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><link rel="alternate" href="/two"/><id>x</id></entry></feed>"""
)
LLMS = b"# Shop\n\n- [Prices](https://shop.example/prices.html.md): what things cost\n- [Home](/index.md)\n"
MANIFEST = json.dumps(
    {"name": "Shop", "short_name": "S", "theme_color": "rebeccapurple", "icons": [{"src": "/i.png", "sizes": "48x48"}]}
).encode()
CSS = (
    b"rgba(10 20 30 / 50%)",
    b"color(display-p3 1 0.5 0)",
    b"hsl(210deg 40% 50% / .5)",
    b"oklch(60% 0.2 30)",
    b"#a1b2c3d4",
    b"color-mix(in srgb, red 40%, blue)",
    b"'Inter Var', \"Open Sans\", system-ui, -apple-system, sans-serif",
    b"12 200 9",
)
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 120 40" width="120">
<defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient><filter id="f"><feGaussianBlur
stdDeviation="2"/></filter><path id="p" d="M0 0 L10 10 C 1 2 3 4 5 6 Z"/></defs><g transform="rotate(20 1 2) scale(2)"
filter="url(#f)"><rect width="100%" height="40" fill="url(#g)"/><use xlink:href="#p" x="3"/><text x="1" y="9">Shop</text>
<image href="data:image/png;base64,iVBORw0KGgo="/></g></svg>"""
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 75>>stream
BT /F1 18 Tf 20 150 Td (Prices of the shop) Tj 0 -30 Td (A lamp costs 20 EUR.) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
6 0 obj<</Title(Prices)/Author(Shop)/CreationDate(D:20260101120000+01'00')>>endobj
trailer<</Root 1 0 R/Info 6 0 R/Size 7>>
"""
PAGE = b"""<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Lamps \xe2\x80\x93 Shop</title>
<base href="/x/"><link rel="canonical" href="?a=1"><link rel="alternate" hreflang="de" href="/de/">
<link rel="alternate" type="application/rss+xml" href="/feed"><meta name="robots" content="index, nofollow">
<meta property="article:published_time" content="2026-02-30T25:00:00Z"><meta name="description" content="All lamps.">
<script type="application/ld+json">{"@context":"https://schema.org","@type":["Product","Store"],"name":"Lamp",
"offers":[{"@type":"Offer","price":"12,50","priceCurrency":"EUR","availability":"InStock"}],"telephone":"+49 30 123456",
"openingHoursSpecification":[{"dayOfWeek":["Monday","Tue"],"opens":"09:00","closes":"18:30"}],"address":{"@type":
"PostalAddress","streetAddress":"Road 1","postalCode":"10115","addressLocality":"Berlin"},"geo":{"latitude":52.5}}</script>
<style>body{font:16px Inter}</style></head><body><header><nav><a href="/">Home</a><a href="https://shop.example:8080/b">B</a>
<a href="mailto:a@shop.example?subject=x">Mail</a><a href="tel:+49(0)30/12-34">Call</a></nav></header><main><h1>Lamps</h1>
<p>We are open Mon\xe2\x80\x93Fri 9 am \xe2\x80\x93 6.30 pm, Sat 10:00-14:00 Uhr; closed on Sundays and 24/12.</p><table><caption>Prices</caption>
<tr><th rowspan="2" colspan="3">Size</th><th>Price</th></tr><tr><td>S</td><td>&pound;12.50</td></tr></table><details><summary>
How long?</summary><p>Three days<sup>2</sup>.</p></details><pre><code class="language-py">def f():\n  return 1</code></pre>
<form><label>Size <select><option value="1" selected>Small<option>Large</select></label></form><ul><li>One<ul><li>Two</ul></ul>
<img src="data:image/gif;base64,R0lGOD" alt="A lamp"><svg><title>Icon</title></svg><math><mi>x</mi></math><template><p>T</p>
</template><iframe srcdoc="&lt;p&gt;in"></iframe></main><footer>Shop Ltd, 1 High Street, London SW1A 1AA, 020 7946 0000</footer>"""
PROXY = (
    b"GET http://shop.example/a?b HTTP/1.1\r\nHost: shop.example\r\nProxy-Connection: keep-alive\r\nCookie: a=b\r\n\r\n",
    b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n\x16\x03\x01",
    b"POST http://user:pass@[::1]:80/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
)
HEADERS = (
    b'text/html; charset="utf-8"\n120\nnoindex, AIWidgetBuilder: nofollow, unavailable_after: 2026-01-01',
    b"application/octet-stream\nWed, 21 Oct 2026 07:28:00 GMT\nnone",
    b"text/html;charset=iso-8859-99\n-5\nall",
)
COOKIES = (
    b"session=abc; Path=/; Domain=.shop.example; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=60; Secure; HttpOnly",
    b'a="b, c"; path=/x; SameSite=None; Partitioned, d=e; Domain=shop.example; Version=1; Port="80,8080"',
)
URLS = (
    b"https://user@shop.example:8080/a/../b//c;p?q=1&amp;r=%C3%A9#f",
    b"//shop.example\\@127.0.0.1/",
    b"HTTP://SHOP.example./%7Ea?utm_source=x&b=",
    "https://bücher.example/ä?ö=ü".encode(),
)
PROBE = json.dumps(
    {
        "title": "Shop – lamps",
        "language": "de-DE",
        "names": [{"name": "Shop", "found": "header"}],
        "wordmarks": [{"name": "Shop"}],
        "prose": "Wir freuen uns auf Sie.",
        "asks_consent": {"some": True, "only": False},
        "backgrounds": {"areas": [{"colour": "rgb(1, 2, 3)", "area": 0.5}], "bare": 0.2},
        "calls": [{"background": "rgb(10, 20, 200)", "colour": "#fff", "text": "Buy", "area": 20, "radius": 8}],
        "declared": [{"name": "--brand", "colour": "rebeccapurple"}],
        "links": [{"colour": "blue", "count": 3}],
        "fonts": [{"family": "Inter, sans-serif", "role": "body"}],
        "logos": [{"url": "/logo.svg", "roles": ["header"], "width": 120, "height": 40, "inline": "<svg></svg>"}],
        "icons": [{"url": "/i.png", "sizes": "32x32 any", "rel": "icon"}],
        "painted": ["#123456"],
        "texts": ["#000"],
        "manifest": "/m.json",
    }
).encode()


def pages() -> list[bytes]:
    """HTML documents: one with everything, and those of the tests."""
    found = [*(TESTS / "web" / "pages").glob("*.html"), *sorted((TESTS / "sites" / "company").rglob("*.html"))[:8]]
    return [PAGE, *(path.read_bytes() for path in found)]


def feeds() -> list[bytes]:
    """Sitemaps and feeds, packed and not."""
    texts = [SITEMAP, INDEX, RSS, ATOM, LLMS, SITEMAP.decode().encode("utf-16")]
    return [*texts, gzip.compress(SITEMAP), gzip.compress(gzip.compress(INDEX))]


def pictures() -> list[bytes]:
    """A picture in each format."""
    image = Image.linear_gradient("L").resize((40, 30)).convert("RGBA")
    drawn = [SVG]
    for form in ("PNG", "GIF", "WEBP", "ICO", "AVIF", "BMP", "TIFF"):
        buffer = io.BytesIO()
        image.save(buffer, form)
        drawn.append(buffer.getvalue())
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0")
    animated = io.BytesIO()
    image.save(animated, "PNG", save_all=True, append_images=[image.rotate(90)], pnginfo=None)
    return [*drawn, buffer.getvalue(), animated.getvalue()]


def pdfs() -> list[bytes]:
    """PDFs, also with a compressed stream."""
    stream = zlib.compress(b"BT /F1 18 Tf 20 150 Td (Packed words of the shop) Tj ET")
    head = b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n" % len(stream)
    begin, end = PDF.index(b"4 0 obj"), PDF.index(b"5 0 obj")
    return [PDF, PDF[:begin] + head + stream + b"\nendstream endobj\n" + PDF[end:]]


DOCUMENTS: dict[str, Sequence[bytes]] = {
    "robots": [ROBOTS],
    "hints": feeds(),
    "manifest": [MANIFEST],
    "probe": [PROBE],
    "html": pages(),
    "css": CSS,
    "pictures": pictures(),
    "pdf": pdfs(),
    "docx": [
        make_docx(paragraph("Prices", style="Titel"), paragraph("A kilo", level=0), table(("Tea", "3 €")), title="T")
    ],
    "proxy": PROXY,
    "headers": HEADERS,
    "cookies": COOKIES,
    "urls": URLS,
}
"""Good documents by parser."""
