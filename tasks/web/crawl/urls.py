"""URLs as browsers resolve them, and page keys, one for all addresses of the same page.

*The URL that is fetched* is one that the site itself gives: the link, resolved as browsers do (WHATWG URL:
dot segments, default ports, percent-encoding, IDN), without the parts that belong to a visit and not to the page:
fragment, tracking parameters and session ids. Nothing else is changed, because servers may care: without its
trailing slash, `www.`, `index.html` or order of parameters a URL may fail or redirect.

*The page key* identifies the page and is never fetched. It ignores the usual differences between addresses of one
page: scheme, `www.`, default port, spelling of percent-encoding, doubled and trailing slashes, `index.*` and
`default.*`, the order of parameters. The first spelling found is the one fetched.

Fragments name positions on a page, except for the routes of pages rendered by scripts (`#!…`, `#/…`).
"""

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from can_ada import URL, parse
from tldextract import TLDExtract
from w3lib.url import canonicalize_url

MAX_URL_LENGTH = 2_048
ROUTES = ("#!", "#/")
"""Prefixes of fragments that are routes of a page rendered by scripts."""

_TRACKING_PREFIXES = (
    "utm_",
    "mc_",
    "pk_",
    "piwik_",
    "mtm_",
    "matomo_",
    "hsa_",
    "_hs",
    "__hs",
    "at_",
    "wt_",
    "vero_",
    "oly_",
)
_TRACKING_NAMES = frozenset(
    """
    gclid gclsrc dclid gbraid wbraid fbclid msclkid yclid ysclid twclid ttclid igshid igsh li_fat_id epik srsltid _ga
    _gl _ke _openstat mkt_tok rb_clickid s_cid s_kwcid ef_id wickedid xtor ncid cmpid ref_src hsctatracking spm
    """.split()  # noqa: SIM905
)
_SESSION_PREFIXES = (
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "asp.net_sessionid",
    "cftoken",
    "cfid",
    "zenid",
    "oscsid",
)
_POSSIBLE_SESSIONS = frozenset(("sid", "sess", "session", "sessid", "sessionid", "session_id", "s", "token"))
_RANDOM = re.compile(r"(?=[^=]*\d)(?=[^=]*[a-z])[\w-]{8,}|\d{16,}", re.IGNORECASE)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid|s)=[^/;]*|(?<=/)\((?:[A-Z]\([^()/]+\))+\)/", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:x?html?|s?html|php\d?|aspx?|jspx?|cfm|cgi|pl)$", re.IGNORECASE)
_DOT_SEGMENTS = re.compile(r"/(?:\./)+")
_SLASHES = re.compile(r"/{2,}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_PAGES = frozenset(
    """
    7z aac apk atom avi bmp bz2 css csv deb dmg doc docx eot epub exe flac gif gz ico ics iso jar jpeg jpg js json m4a
    m4v map mjs mov mp3 mp4 mpeg msi odp ods odt ogg ogv otf png ppt pptx ps rar rdf rpm rss rtf svg swf tar tgz
    tif tiff ttf wasm wav webm webmanifest webp whl wmv woff woff2 xls xlsx xml xz zip
    """.split()  # noqa: SIM905
)


def parse_base(url: str) -> URL | None:
    """Parse the URL that a document's links are relative to; return nothing if it is invalid."""
    try:
        return parse(url)
    except ValueError:
        return None


def resolve_url(href: str, base: URL, *, keep_route: bool = False) -> str | None:
    """Return the absolute URL to fetch for a link, or nothing if it is no http(s) URL.

    With `keep_route` a fragment that is a route of a rendered site stays.
    """
    try:
        url = base + href
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:") or url.has_credentials():
        return None
    if (query := url.search) and (kept := _without_visit_parameters(query[1:])) != query[1:]:
        url.search = kept and f"?{kept}"
    if ";" in (path := url.pathname) or "(" in path:
        url.pathname = _PATH_SESSION.sub("", path)
    # `example.com.` is the same host, but few servers and certificates know it by that name.
    if url.hostname.endswith("."):
        url.hostname = url.hostname.rstrip(".")
    if not (keep_route and url.hash.startswith(ROUTES)):
        url.hash = ""
    elif "#" in url.hash[1:]:
        # A position on the route's page: `#/guide#install`.
        url.hash = url.hash[: url.hash.index("#", 1)]
    text: str = url.href
    return text if len(text) <= MAX_URL_LENGTH else None


def clean_url(url: str, *, keep_route: bool = False) -> str | None:
    """Return the URL to fetch for an absolute URL, or nothing if it is invalid."""
    base = parse_base(url)
    return None if base is None else resolve_url(base.hash, base, keep_route=keep_route)


def _without_visit_parameters(query: str) -> str:
    """Remove the parameters that identify a visit or its origin."""
    kept = [pair for pair in query.split("&") if pair and not _is_visit_parameter(*pair.partition("=")[::2])]
    return "&".join(kept)


def _is_visit_parameter(name: str, value: str) -> bool:
    name = name.lower()
    if name.startswith(_TRACKING_PREFIXES) or name in _TRACKING_NAMES or name.startswith(_SESSION_PREFIXES):
        return True
    # `?s=shoes` is a search and `?s=8f2c91ab` a session.
    return name in _POSSIBLE_SESSIONS and _RANDOM.fullmatch(value) is not None


@lru_cache(maxsize=20_000)
def page_key(url: str) -> str:
    """Return the page key of a URL. It is cached, because the pages of a site link to the same pages."""
    parts = urlsplit(canonicalize_url(clean_url(url, keep_route=True) or url, keep_fragments=True))
    host, port = site_key(url)
    path = _SLASHES.sub("/", _INDEX.sub("/", parts.path)).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    route = _route_key(parts.fragment)
    return f"{host}{f':{port}' if port else ''}{path}{query}{route}"


def _route_key(fragment: str) -> str:
    """Normalise a route: `#/./guide/` and `#/guide` are the same."""
    path, asked, query = fragment.partition("?")
    path = _SLASHES.sub("/", _DOT_SEGMENTS.sub("/", path)).rstrip("/")
    return f"#{path}{asked}{query}" if path else ""


def site_key(url: str) -> tuple[str, int | None]:
    """Return the host without `www.`, and the port unless it is the default one."""
    parts = urlsplit(url)
    port = parts.port
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    return host, None if port == _DEFAULT_PORTS.get(parts.scheme) else port


def in_scope(url: str, start_url: str) -> bool:
    """Whether both URLs may belong to one site: they have the same host, or hosts of one registrable domain.

    IP addresses and names without a public suffix are sites of their own, with their port.
    """
    (host, port), (start_host, start_port) = site_key(url), site_key(start_url)
    if port != start_port:
        return False
    return host == start_host or (bool(domain := registrable_domain(host)) and domain == registrable_domain(start_host))


@lru_cache(maxsize=1_000)
def registrable_domain(host: str) -> str:
    """Return the registrable domain of a host: `example.co.uk` of `a.b.example.co.uk`; empty if it has none."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return public_suffixes()(host).top_domain_under_public_suffix
    return ""


@cache
def public_suffixes() -> TLDExtract:
    """Return the public suffixes by the list in the package: nothing is downloaded or written."""
    return TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


_FOR_PROGRAMS = re.compile(
    r"(?:robots|llms|llms-full|humans|ads|app-ads|security|sitemap|urllist|license|licen[cs]es?|.*licen[cs]e)\.(?:txt|md)"
    r"|.*\.(?:rst|html?|js|css|py)\.(?:txt|md)",
    re.IGNORECASE,
)
"""Names of text files that are written for programs, and of the sources of pages."""


def looks_like_page(url: str) -> bool:
    """Whether the URL may be a page, judged by the name of its file."""
    path = urlsplit(url).path
    name = path.rpartition("/")[2]
    if PurePosixPath(name).suffix.lstrip(".").lower() in _NOT_PAGES:
        return False
    return not (name.endswith((".txt", ".md")) and (_FOR_PROGRAMS.fullmatch(name) or "/_sources/" in path))


def is_source_of(url: str, page_url: str) -> bool:
    """Whether the URL names the Markdown or text that the page is made from: `/guide.md` on `/guide`."""
    stem, dot, ending = url.rpartition(".")
    if not dot or ending.lower() not in ("md", "markdown", "txt"):
        return False
    own = re.sub(r"(?:/index)?(?:\.html?|/)?$", "", page_url.partition("?")[0].partition("#")[0])
    return re.sub(r"/(?:index|readme)$", "", stem, flags=re.IGNORECASE) == own
