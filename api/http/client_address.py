"""The address of a request's client, also behind reverse proxies."""

import logging
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_address

from starlette.requests import Request

from tasks.core.settings import Network

logger = logging.getLogger("widget_builder.api")


def client_address(request: Request, trusted: Sequence[Network]) -> str:
    """Return the peer's address, or the last address in `X-Forwarded-For` that no trusted proxy has.

    Each proxy appends the address of its own peer: anything before the first untrusted address, from the right, may be
    the client's invention. A header from a peer that is not trusted is ignored.
    """
    address = request.client.host if request.client else ""
    forwarded = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    if forwarded and not _is_trusted(address, trusted):
        _warn_once()
        return address
    while forwarded and _is_trusted(address, trusted):
        address = _without_port(forwarded.pop())
    return address


def _without_port(text: str) -> str:
    """Return the address alone: some proxies append the client's port, with which each connection had its own rate."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in trusted)


@cache
def _warn_once() -> None:
    logger.warning(
        "X-Forwarded-For is ignored, as it comes from an address that is not trusted: behind a reverse proxy, all"
        " visitors share one rate. Set WIDGET_BUILDER_TRUSTED_PROXIES to the proxy's network."
    )
