"""Open connections by client address: one client cannot take all that the server can hold."""

from collections import Counter
from ipaddress import ip_address

from tasks.core.addresses import network_of

REFUSAL = (
    b'{"error": {"code": "too_many_connections", "message": '
    b'"Too many open connections from your address. Close some, or try again in a few seconds."}}'
)
RESPONSE = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(REFUSAL), REFUSAL)
)


class ConnectionCounts:
    """Counts of one server's connections; those from private addresses are not limited.

    A private address is a reverse proxy, which brings all visitors, or a program of the operator's own network.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: most connections of one public address."""
        self._limit = limit
        self._open: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Count a connection; False if the address, or its IPv6 network, has too many. Each needs its `release`."""
        network = network_of(address)
        self._open[network] += 1
        return self._open[network] <= self._limit or not _is_public(address)

    def release(self, address: str) -> None:
        """Forget a connection."""
        network = network_of(address)
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]


def _is_public(address: str) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        # A Unix socket: a reverse proxy's.
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_global
