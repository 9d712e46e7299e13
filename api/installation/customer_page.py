"""Fetch one page of a customer's website, from public addresses only.

The crawler is not part of this service (its image has no browser), and one page does not need it. Addresses are
checked as in the crawl, by `tasks.core.egress_policy`: each connection, redirects included, goes to the address that
was checked. robots.txt is not consulted: a person asks for this one page, it is no crawl.
"""

import asyncio
import zlib
from dataclasses import dataclass

import httpcore
from can_ada import URL, parse

from tasks.core.checked_backend import CheckedBackend
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageError
from tasks.core.settings import Settings

DEADLINE_S = 15.0
"""Seconds for the page with all its redirects."""
CONNECT_TIMEOUT_S = 5.0
"""Seconds for a connection to one of a host's addresses."""
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_DEFAULT_PORTS = {"http:": 80, "https:": 443}


@dataclass(frozen=True)
class CustomerPage:
    """A fetched page."""

    url: str
    """The URL after redirects."""
    html: str
    policies: tuple[str, ...]
    """Its Content-Security-Policy headers."""


async def fetch_customer_page(settings: Settings, url: str, site_url: str) -> CustomerPage:
    """Fetch the page; its URL and every redirect must be on the site.

    Raises:
        PageError: it cannot be reached, is not HTML, is too large, or leaves the site.
    """
    backend = CheckedBackend(egress_policy(settings))
    try:
        async with asyncio.timeout(DEADLINE_S), httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            at = parse(url)
            for _ in range(MAX_REDIRECTS + 1):
                if not is_same_site(at.href, site_url):
                    raise FetchFailed(f"the page redirects to another website, {at.host}")
                found = await _request(pool, at, settings)
                if isinstance(found, CustomerPage):
                    return found
                at = found
        raise FetchFailed(f"more than {MAX_REDIRECTS} redirects")
    except TimeoutError as error:
        raise FetchTimeout(DEADLINE_S) from error
    except httpcore.TimeoutException as error:
        raise FetchTimeout(CONNECT_TIMEOUT_S, "a connection") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _explain(error) from error


def is_same_site(url: str, site_url: str) -> bool:
    """Whether a page belongs to the site: on its host, a subdomain or a parent domain, and on the same port."""
    (host, port), (other, other_port) = _host_and_port(url), _host_and_port(site_url)
    return port == other_port and (host == other or host.endswith(f".{other}") or other.endswith(f".{host}"))


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Return the host without `www.`, and the port unless it is the scheme's default."""
    url = parse(text)
    return url.hostname.rstrip(".").removeprefix("www."), int(url.port) if url.port else None


async def _request(pool: httpcore.AsyncConnectionPool, url: URL, settings: Settings) -> CustomerPage | URL:
    """Send one request; return the page, or the URL it redirects to."""
    headers: dict[bytes | str, bytes | str] = {
        "Host": url.host,
        "User-Agent": settings.user_agent,
        "Accept": "text/html,application/xhtml+xml",
        "Accept-Encoding": "gzip",
    }
    timeouts = {"connect": CONNECT_TIMEOUT_S}
    target = url.href.partition("#")[0]
    async with pool.stream("GET", target, headers=headers, extensions={"timeout": timeouts}) as answer:
        fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers]
        header = dict(fields)
        if answer.status in _REDIRECTS and "location" in header:
            return _redirect_target(url, header["location"])
        if answer.status != 200:
            raise HttpStatus(answer.status)
        media_type = header.get("content-type", "text/html").partition(";")[0].strip().lower()
        if media_type not in ("text/html", "application/xhtml+xml"):
            raise FetchFailed("not an HTML page")
        body = await _read(answer, header.get("content-encoding", ""), settings.max_page_bytes)
    policies = tuple(value for name, value in fields if name == "content-security-policy")
    return CustomerPage(target, body.decode(errors="replace"), policies)


def _redirect_target(url: URL, location: str) -> URL:
    try:
        found: URL = url + location
    except ValueError as error:
        raise FetchFailed("redirect without a valid Location") from error
    if found.protocol not in _DEFAULT_PORTS or found.has_credentials():
        raise FetchFailed("redirect without a valid Location")
    return found


async def _read(answer: httpcore.Response, encoding: str, most: int) -> bytes:
    """Return the decompressed body; stop reading once it is larger than allowed."""
    if encoding.strip().lower() not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed("unsupported content encoding")
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if encoding.strip().lower().endswith("gzip") else None
    body = bytearray()
    async for part in answer.aiter_stream():
        try:
            body += unzip.decompress(part, most + 1 - len(body)) if unzip else part
        except zlib.error as error:
            raise FetchFailed("invalid gzip data") from error
        if len(body) > most:
            raise FetchFailed(f"the page is larger than {most} bytes")
    return bytes(body)


def _explain(error: Exception) -> PageError:
    """Turn a connection error into the message a browser would show."""
    text = str(error).lower()
    if "certificate" in text:
        return FetchFailed("the TLS certificate is not valid")
    if isinstance(error, httpcore.ConnectError):
        return FetchFailed("connection refused" if "ssl" not in text else "no TLS connection")
    return FetchFailed("the connection was closed before the page was complete")
