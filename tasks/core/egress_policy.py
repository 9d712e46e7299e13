"""Egress policy: the addresses and ports that may be dialled for a crawl, judged when they are dialled.

Three rules, and one function for every fetch (`EgressPolicy.resolve`):

1. The address is public, or inside a network that WIDGET_BUILDER_EGRESS_ALLOW opens (`tasks.core.addresses`).
2. It is not an endpoint of the stack itself: API, Prefect, PostgreSQL, the embedding service, the gate. These answer
   without a login, or with rights that no crawled page may use, so opening their network does not open them.

3. The port is none of another protocol (`OTHER_PORTS`), unless WIDGET_BUILDER_EGRESS_ALLOW opens the address: nobody's
   mail server gets lines that a page's author or a webhook's owner has chosen.

An endpoint is recognised by address and port, whatever name or spelling led there. If it is on this machine, every
address of this machine counts: a service may listen on all interfaces. Exception: a public address with port 80 or 443
stays open, because it is reachable by everyone and often shared with other websites (a CDN, a reverse proxy).
"""

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tasks.core.addresses import NOT_REACHABLE, dialled_address, is_opened, is_permitted
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Network, Settings

RESOLVE_TIMEOUT_S = 5.0
EMBEDDED_PREFECT_API_URL = "http://127.0.0.1:4200/api"
"""Where the embedded Prefect server is unless the stack has chosen another port, which PREFECT_API_URL then names."""
POSTGRES_PORT = 5432
OTHER_PORTS = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
        *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
        *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045),
        *(4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)
"""Ports to which browsers send no requests (Fetch Standard, "bad port")."""
_WEB_PORTS = {"http": 80, "https": 443}
_OPENAI = Settings.model_fields["openai_base_url"].default


@dataclass(frozen=True)
class StackEndpoint:
    """A host and port that a service of the stack listens on."""

    host: str
    port: int


@dataclass(frozen=True)
class EgressPolicy:
    """The networks that may be dialled although they are private, and the endpoints that never are."""

    allow: tuple[Network, ...] = ()
    own: tuple[StackEndpoint, ...] = ()

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be dialled at this port, in the resolver's order.

        Raises:
            AddressBlocked: the host is unknown or has no permitted address.
        """
        found = await _look_up(host, port) or []
        is_web = port not in OTHER_PORTS
        permitted = [each for each in found if is_opened(each, self.allow) or (is_web and is_permitted(each))]
        if permitted and (own := [endpoint for endpoint in self.own if endpoint.port == port]):
            known = await asyncio.gather(*(_look_up(endpoint.host, port) for endpoint in own))
            permitted = [address for address in permitted if not any(_is_at(address, port, each) for each in known)]
        if not permitted:
            raise AddressBlocked(NOT_REACHABLE)
        return permitted


async def _look_up(host: str, port: int) -> list[str] | None:
    """Return the host's addresses; None if it has none or the resolver does not respond."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_S):
            infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return None
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def _is_at(address: str, port: int, own: list[str] | None) -> bool:
    """Whether the address is that of an endpoint with this port; `own`: the endpoint's addresses, None if unknown."""
    if own is None:
        return not is_permitted(address)
    guarded = [each for each in own if port not in _WEB_PORTS.values() or not is_permitted(each)]
    dialled = dialled_address(address)
    return any(dialled_address(each) == dialled or (_is_here(each) and _is_here(address)) for each in guarded)


def _is_here(address: str) -> bool:
    """Whether the address belongs to this machine: only such an address can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return True
    return False


def egress_policy(settings: Settings) -> EgressPolicy:
    """Return the policy of a process of the stack; its settings carry the addresses of all services."""
    # OpenAI's own address is public, and unknown where there is no way out: not to be looked up for nothing.
    model = None if settings.openai_base_url == _OPENAI else settings.openai_base_url
    urls = (settings.public_url, settings.prefect_api_url or EMBEDDED_PREFECT_API_URL, model)
    web = (_endpoint_of(url) for url in urls if url)
    ours = (StackEndpoint(settings.host, port) for port in (settings.port, settings.worker_metrics_port) if port)
    return EgressPolicy(settings.egress_allow, (*ours, *web, *_databases(settings)))


def _endpoint_of(url: str) -> StackEndpoint:
    parts = urlsplit(url)
    return StackEndpoint(parts.hostname or "", parts.port or _WEB_PORTS[parts.scheme])


def _databases(settings: Settings) -> tuple[StackEndpoint, ...]:
    """Return the endpoints of DATABASE_URL, which may list several hosts; a server behind a socket is on localhost."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    try:
        found = conninfo_to_dict(url)
    except ProgrammingError:
        # The connection itself reports it.
        found = {}
    hosts = [host for name in ("host", "hostaddr") if found.get(name) for host in str(found[name]).split(",")] or [""]
    ports = {int(port) for port in str(found.get("port") or "").split(",") if port.isdigit()} or {POSTGRES_PORT}
    names = dict.fromkeys("localhost" if not host or host.startswith("/") else host for host in hosts)
    return tuple(StackEndpoint(host, port) for host in names for port in sorted(ports))
