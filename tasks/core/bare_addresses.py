"""Addresses without a scheme, as people type them: by https where the host answers so, else by http."""

import asyncio
from collections.abc import Sequence

import httpcore

from tasks.core.addresses import is_bare, parse_start_url
from tasks.core.checked_backend import CheckedBackend
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Settings

ANSWER_TIMEOUT_S = 5.0
"""Seconds for a host to answer by one scheme."""
_UNANSWERED = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


async def add_scheme(settings: Settings, address: object) -> object:
    """Return a bare address with the scheme by which its host answers; https if by neither. Others are unchanged.

    Raises:
        InvalidRequest: with a scheme it is no address that a build may start from.
    """
    if not isinstance(address, str) or not is_bare(address):
        return address
    secure, plain = (parse_start_url(f"{scheme}://{address.strip()}") for scheme in ("https", "http"))
    if not await _answers(settings, secure) and await _answers(settings, plain):
        return plain
    return secure


async def find_start_urls(settings: Settings, addresses: Sequence[object]) -> list[str]:
    """Return the addresses in their normal form, each with a scheme; their hosts are asked at once.

    Raises:
        InvalidRequest: one is no address that a build may start from.
    """
    return [parse_start_url(url) for url in await asyncio.gather(*(add_scheme(settings, it) for it in addresses))]


async def _answers(settings: Settings, url: str) -> bool:
    """Whether the host sends any response, from a public address; with https, by a valid certificate."""
    headers: dict[bytes | str, bytes | str] = {"User-Agent": settings.user_agent}
    try:
        async with (
            asyncio.timeout(ANSWER_TIMEOUT_S),
            _open_connections(settings) as pool,
            pool.stream("HEAD", url, headers=headers) as response,
        ):
            # The proxy answers in place of a host that it does not connect to.
            return not any(name.lower() == b"x-egress" for name, _ in response.headers)
    except (TimeoutError, AddressBlocked, *_UNANSWERED):
        return False


def _open_connections(settings: Settings) -> httpcore.AsyncConnectionPool:
    """Open connections to addresses that are checked here, or by the proxy that is the way out."""
    if settings.egress_proxy is not None:
        return httpcore.AsyncConnectionPool(proxy=httpcore.Proxy(settings.egress_proxy))
    return httpcore.AsyncConnectionPool(network_backend=CheckedBackend(egress_policy(settings)))
