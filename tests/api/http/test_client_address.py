"""The client's address: the peer's, unless trusted proxies say otherwise."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from api.http.client_address import client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def request_from(peer: str, *forwarded: str) -> Request:
    """A request with an `X-Forwarded-For` header for each text."""
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    return Request({"type": "http", "client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", (), "198.51.100.7"),
        # A visitor who invents the header stays the one who asked.
        ("198.51.100.7", ("203.0.113.9",), "198.51.100.7"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        # The proxy appends its peer; what stands before it is the client's word.
        ("10.0.0.1", ("1.2.3.4, 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4", "203.0.113.9, 10.0.0.2"), "203.0.113.9"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("fd00::1", ("2001:db8::5",), "2001:db8::5"),
        # Some proxies append the port, which differs with each connection.
        ("10.0.0.1", ("203.0.113.9:50123",), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9:50123, 10.0.0.2:443",), "203.0.113.9"),
        ("10.0.0.1", ("[2001:db8::5]:50123",), "2001:db8::5"),
        ("10.0.0.1", ("[2001:db8::5]",), "2001:db8::5"),
        # Only proxies: the one farthest away; and no address at all.
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3"),
        ("10.0.0.1", ("unknown",), "unknown"),
        ("10.0.0.1", (), "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    peer: str, forwarded: tuple[str, ...], client: str
) -> None:
    """Rates and budgets count this address."""
    assert client_address(request_from(peer, *forwarded), PROXIES) == client


def test_without_trusted_proxies_the_header_changes_nothing() -> None:
    """Not even from loopback, where any program of the machine may write it."""
    assert client_address(request_from("127.0.0.1", "203.0.113.9"), ()) == "127.0.0.1"
