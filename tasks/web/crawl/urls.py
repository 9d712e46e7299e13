"""URLs as browsers read them, and one key for the same page.

A page has two forms of its address.

*The URL that is fetched* is one that the site itself gives: the link, resolved as browsers do (WHATWG URL:
dot segments, default ports, percent-encoding, IDN), without what belongs to a visit rather than to the page:
fragment, tracking parameters, session ids. Nothing else is changed, because a server may mind: a trailing
slash, `www.`, `index.html`, the order of parameters may each lead nowhere, or through a redirect.

*The key* says which URLs are the same page, and is never fetched. It leaves out all in which two
addresses of one page usually differ: scheme, `www.`, default port, spelling of percent-encoding, doubled and
trailing slashes, `index.*` and `default.*`, the order of parameters. The first spelling found is the one
fetched; whoever answers to another one is known by its key.

Fragments name places on a page, except the routes of pages rendered by scripts (`#!…`, `#/…`).
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
"""How the fragment of a page begins that scripts show."""

_TRACKING = ("utm_", "mc_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "_hs", "__hs", "at_", "wt_", "vero_", "oly_")
_TRACKERS = frozenset(
    """
    gclid gclsrc dclid gbraid wbraid fbclid msclkid yclid ysclid twclid ttclid igshid igsh li_fat_id epik srsltid _ga
    _gl _ke _openstat mkt_tok rb_clickid s_cid s_kwcid ef_id wickedid xtor ncid cmpid ref_src hsctatracking spm
    """.split()  # noqa: SIM905
)
_SESSIONS = ("phpsessid", "jsessionid", "aspsessionid", "asp.net_sessionid", "cftoken", "cfid", "zenid", "oscsid")
_PERHAPS_SESSIONS = frozenset(("sid", "sess", "session", "sessid", "sessionid", "session_id", "s", "token"))
_RANDOM = re.compile(r"(?=[^=]*\d)(?=[^=]*[a-z])[\w-]{8,}|\d{16,}", re.IGNORECASE)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid|s)=[^/;]*|(?<=/)\((?:[A-Z]\([^()/]+\))+\)/", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:x?html?|s?html|php\d?|aspx?|jspx?|cfm|cgi|pl)$", re.IGNORECASE)
_HERE = re.compile(r"/(?:\./)+")
_SLASHES = re.compile(r"/{2,}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_PAGES = frozenset(
    """
    7z aac apk atom avi bmp bz2 css csv deb dmg doc docx eot epub exe flac gif gz ico ics iso jar jpeg jpg js json m4a
    m4v map md mjs mov mp3 mp4 mpeg msi odp ods odt ogg ogv otf png ppt pptx ps rar rdf rpm rss rtf svg swf tar tgz
    tif tiff ttf txt wasm wav webm webmanifest webp whl wmv woff woff2 xls xlsx xml xz zip
    """.split()  # noqa: SIM905
)


def parse_base(url: str) -> URL | None:
    """The URL that a document's links are relative to; nothing if it is none."""
    try:
        return parse(url)
    except ValueError:
        return None


def resolve_url(href: str, base: URL, *, keep_route: bool = False) -> str | None:
    """The URL to fetch for a link, absolute; nothing if it leads to no page of the web.

    `keep_route`: a fragment that is a route of a rendered site stays.
    """
    try:
        url = base + href
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:") or url.has_credentials():
        return None
    if (query := url.search) and (kept := _without_visit(query[1:])) != query[1:]:
        url.search = kept and f"?{kept}"
    if ";" in (path := url.pathname) or "(" in path:
        url.pathname = _PATH_SESSION.sub("", path)
    if url.hostname.endswith("."):
        url.hostname = url.hostname.rstrip(".")
    if not (keep_route and url.hash.startswith(ROUTES)):
        url.hash = ""
    text: str = url.href
    return text if len(text) <= MAX_URL_LENGTH else None


def clean_url(url: str, *, keep_route: bool = False) -> str | None:
    """The same for a URL that is absolute."""
    base = parse_base(url)
    return None if base is None else resolve_url(base.hash, base, keep_route=keep_route)


def _without_visit(query: str) -> str:
    """The query without parameters that say who is visiting, or from where."""
    kept = [pair for pair in query.split("&") if pair and not _is_of_visit(*pair.partition("=")[::2])]
    return "&".join(kept)


def _is_of_visit(name: str, value: str) -> bool:
    name = name.lower()
    if name.startswith(_TRACKING) or name in _TRACKERS or name.startswith(_SESSIONS):
        return True
    return name in _PERHAPS_SESSIONS and _RANDOM.fullmatch(value) is not None


@lru_cache(maxsize=20_000)
def page_key(url: str) -> str:
    """What all addresses of one page have in common; kept, because the pages of a site link to the same pages."""
    parts = urlsplit(canonicalize_url(clean_url(url, keep_route=True) or url, keep_fragments=True))
    host, port = site_key(url)
    path = _SLASHES.sub("/", _INDEX.sub("/", parts.path)).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    route = _route_key(parts.fragment)
    return f"{host}{f':{port}' if port else ''}{path}{query}{route}"


def _route_key(fragment: str) -> str:
    """`#/./guide/` and `#/guide` are one route."""
    path, asked, query = fragment.partition("?")
    path = _SLASHES.sub("/", _HERE.sub("/", path)).rstrip("/")
    return f"#{path}{asked}{query}" if path else ""


def site_key(url: str) -> tuple[str, int | None]:
    """What two URLs of one host share: its name without `www.`, and the port unless it is a default one."""
    parts = urlsplit(url)
    port = parts.port
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    return host, None if port == _DEFAULT_PORTS.get(parts.scheme) else port


def in_scope(url: str, start_url: str) -> bool:
    """Whether the URL may belong to the site of the other: the same host, or one of the same registrable domain.

    IP addresses and names without a public suffix are sites of their own, with their port.
    """
    (host, port), (start_host, start_port) = site_key(url), site_key(start_url)
    if port != start_port:
        return False
    return host == start_host or (bool(domain := registrable_domain(host)) and domain == registrable_domain(start_host))


@lru_cache(maxsize=1_000)
def registrable_domain(host: str) -> str:
    """The part of a host that one holder registers: `example.co.uk` of `a.b.example.co.uk`; nothing for others."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return _suffixes()(host).top_domain_under_public_suffix
    return ""


@cache
def _suffixes() -> TLDExtract:
    # The public suffix list as of its package: nothing is downloaded, nothing written.
    return TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


def looks_like_page(url: str) -> bool:
    """Whether the URL may be a page, by its extension."""
    name = urlsplit(url).path.rpartition("/")[2]
    return PurePosixPath(name).suffix.lstrip(".").lower() not in _NOT_PAGES
