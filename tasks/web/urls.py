"""One form for the same page, and what belongs to a site."""

from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_TRACKING = ("utm_", "mc_", "pk_", "hsa_")
_TRACKERS = {"gclid", "fbclid", "msclkid", "dclid", "yclid", "igshid", "_ga", "_gl"}
_INDEXES = ("index.html", "index.htm", "index.php")
_NOT_PAGES = frozenset(
    """
    7z aac apk avi bmp bz2 css csv deb dmg doc docx eot epub exe flac gif gz ico ics iso jar jpeg jpg js json m4a m4v
    map mjs mov mp3 mp4 mpeg msi odp ods odt ogg ogv otf pdf png ppt pptx ps rar rpm rss rtf svg swf tar tgz tif tiff
    ttf txt wasm wav webm webmanifest webp whl wmv woff woff2 xls xlsx xml xz zip
    """.split()  # noqa: SIM905
)


def normalise_url(url: str) -> str:
    """The URL in one form: RFC 3986 normal form, sorted query without tracking, no fragment, no `index.html`."""
    parts = urlsplit(canonicalize_url(url))
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    port = parts.port
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}.get(scheme):
        netloc += f":{port}"
    path = _without_dots(parts.path)
    head, _, last = path.rpartition("/")
    if last.lower() in _INDEXES:
        path = head + "/"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, value) for name, value in pairs if not _is_tracking(name)])
    return urlunsplit((scheme, netloc, path, query, ""))


def _without_dots(path: str) -> str:
    """The path without `.` and `..` (RFC 3986 §5.2.4); `urljoin` would take `//x` for a host."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _is_tracking(name: str) -> bool:
    return name.lower().startswith(_TRACKING) or name.lower() in _TRACKERS


def site_key(url: str) -> tuple[str, int | None]:
    """What two URLs of one site share: host without `www.`, and the port unless it is a default one."""
    parts = urlsplit(url)
    port = parts.port
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.hostname or "").removeprefix("www."), None if port == default else port


def in_scope(url: str, start_url: str) -> bool:
    """Whether the URL belongs to the site that was started from."""
    return site_key(url) == site_key(start_url)


def looks_like_page(url: str) -> bool:
    """Whether the URL may be a page, by its extension."""
    name = urlsplit(url).path.rpartition("/")[2]
    return PurePosixPath(name).suffix.lstrip(".").lower() not in _NOT_PAGES
