"""A page of a customer's website, as a browser would be sent it: one request, to public addresses only.

What crawls the web is no part of this service (its image has no browser), and one page needs none of it. Where a
connection may go is judged as for the crawl, by `tasks.core.addresses`: each one, redirects included, is dialled
at the address that was judged. robots.txt is not asked: a person has the page looked at, nobody crawls.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpcore
from can_ada import URL, parse

from tasks.core.addresses import resolve_host
from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageError
from tasks.core.settings import Network, Settings

DEADLINE_S = 15.0
"""For the page with all redirects."""
CONNECT_TIMEOUT_S = 5.0
"""For one of a host's addresses."""
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_DEFAULT_PORTS = {"http:": 80, "https:": 443}


@dataclass(frozen=True)
class CustomerPage:
    """A page that was sent."""

    url: str
    """After redirects."""
    html: str
    policies: tuple[str, ...]
    """Its Content-Security-Policy headers."""


async def fetch_customer_page(settings: Settings, url: str, site_url: str) -> CustomerPage:
    """The page at the URL, which has to be one of the site.

    Raises:
        PageError: it is out of reach, no HTML, too large, or not of the site.
    """
    backend = _JudgingBackend(settings.egress_allow)
    try:
        async with asyncio.timeout(DEADLINE_S), httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            at = parse(url)
            for _ in range(MAX_REDIRECTS + 1):
                if not is_same_site(at.href, site_url):
                    raise FetchFailed(f"it redirects to another website, {at.host}")
                found = await _request(pool, at, settings)
                if isinstance(found, CustomerPage):
                    return found
                at = found
        raise FetchFailed("it redirects too often")
    except TimeoutError as error:
        raise FetchTimeout(DEADLINE_S) from error
    except httpcore.TimeoutException as error:
        raise FetchTimeout(CONNECT_TIMEOUT_S, "a connection") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _explain(error) from error


def is_same_site(url: str, site_url: str) -> bool:
    """Whether a page belongs to the site: its host, or one below or above that, on the same port."""
    (host, port), (other, other_port) = _place(url), _place(site_url)
    return port == other_port and (host == other or host.endswith(f".{other}") or other.endswith(f".{host}"))


def _place(text: str) -> tuple[str, int | None]:
    """The host without `www.`, and the port unless it is a default one."""
    url = parse(text)
    return url.hostname.rstrip(".").removeprefix("www."), int(url.port) if url.port else None


class _JudgingBackend(httpcore.AnyIOBackend):
    """Connects to permitted addresses only: those it resolved and judged itself."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = await resolve_host(host.strip("[]"), port, self._allow)
        for address in others:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
        return await super().connect_tcp(last, port, timeout, local_address, socket_options)


async def _request(pool: httpcore.AsyncConnectionPool, url: URL, settings: Settings) -> CustomerPage | URL:
    """The page, or where it redirects to."""
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
        told = dict(fields)
        if answer.status in _REDIRECTS and "location" in told:
            return _redirected(url, told["location"])
        if answer.status != 200:
            raise HttpStatus(answer.status)
        kind = told.get("content-type", "text/html").partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml"):
            raise FetchFailed("it is no HTML page")
        body = await _read(answer, told.get("content-encoding", ""), settings.max_page_bytes)
    policies = tuple(value for name, value in fields if name == "content-security-policy")
    return CustomerPage(target, body.decode(errors="replace"), policies)


def _redirected(url: URL, location: str) -> URL:
    try:
        found: URL = url + location
    except ValueError as error:
        raise FetchFailed("a redirect that leads nowhere") from error
    if found.protocol not in _DEFAULT_PORTS or found.has_credentials():
        raise FetchFailed("a redirect that leads nowhere")
    return found


async def _read(answer: httpcore.Response, coding: str, most: int) -> bytes:
    """The body, decompressed; never more of it than allowed is held."""
    if coding.strip().lower() not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed("its content coding is unknown")
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if coding.strip().lower().endswith("gzip") else None
    body = bytearray()
    async for part in answer.aiter_stream():
        try:
            body += unzip.decompress(part, most + 1 - len(body)) if unzip else part
        except zlib.error as error:
            raise FetchFailed("its content coding is broken") from error
        if len(body) > most:
            raise FetchFailed(f"it is larger than {most} bytes")
    return bytes(body)


def _explain(error: Exception) -> PageError:
    """What a browser's user would be told."""
    text = str(error).lower()
    if "certificate" in text:
        return FetchFailed("its certificate is not valid")
    if isinstance(error, httpcore.ConnectError):
        return FetchFailed("connection refused" if "ssl" not in text else "no secure connection")
    return FetchFailed("the connection broke off")
