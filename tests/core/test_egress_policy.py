"""The stack's own endpoints are never dialled for a crawl, whatever networks are open."""

import asyncio
import socket
from ipaddress import ip_network

import psutil
import pytest

from tasks.core.egress_policy import EgressPolicy, StackEndpoint, egress_policy
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Settings

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
LOOPBACK_FORMS = (
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "localhost", "LOCALHOST.", "2130706433", "0x7f000001", "0177.0.0.1",
    "127.1", "0.0.0.0", "0", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:2", "0:0:0:0:0:0:0:1", socket.gethostname(),
)  # fmt: skip


def settings(**values: object) -> Settings:
    """Settings that open every network."""
    return Settings(**{"egress_allow": EVERYTHING, "port": 8081, **values}, _env_file=None)  # type: ignore[arg-type, call-arg]


async def is_open(policy: EgressPolicy, host: str, port: int) -> bool:
    """Whether the policy lets this host and port be dialled."""
    try:
        return bool(await policy.resolve(host, port))
    except AddressBlocked:
        return False


ENDPOINTS = {
    "API": ({"host": "127.0.0.1", "port": 7001}, 7001),
    "API on all interfaces": ({"host": "0.0.0.0", "port": 7001}, 7001),
    "worker's metrics on all interfaces": ({"host": "0.0.0.0", "worker_metrics_port": 7001}, 7001),
    "API on all interfaces, IPv6": ({"host": "::", "port": 7001}, 7001),
    "public URL": ({"public_url": "http://localhost:7001"}, 7001),
    "public URL without a port": ({"public_url": "http://localhost"}, 80),
    "public https URL": ({"public_url": "https://127.0.0.1"}, 443),
    "Prefect": ({"PREFECT_API_URL": "http://localhost:7001/api"}, 7001),
    "embedded Prefect": ({}, 4200),
    "PostgreSQL": ({"DATABASE_URL": "postgresql://user:secret@127.0.0.1:7001/db"}, 7001),
    "PostgreSQL without a port": ({"DATABASE_URL": "postgresql://127.0.0.1/db"}, 5432),
    "PostgreSQL as key and value": ({"DATABASE_URL": "host=localhost port=7001 dbname=db"}, 7001),
    "second PostgreSQL": ({"DATABASE_URL": "postgresql://10.9.9.9:7000,localhost:7001/db"}, 7001),
    "PostgreSQL behind a socket": ({"DATABASE_URL": "postgresql://u@/db?host=/run/postgresql&port=7001"}, 7001),
    "private OpenAI": ({"OPENAI_BASE_URL": "http://localhost:7001/v1"}, 7001),
}


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_endpoint_of_the_stack_is_closed_in_every_spelling(name: str) -> None:
    """By any name, spelling or interface of this machine; the port beside it stays open."""
    values, port = ENDPOINTS[name]
    policy = egress_policy(settings(**values))
    interfaces = [each.address for found in psutil.net_if_addrs().values() for each in found if each.family == 2]
    for host in (*LOOPBACK_FORMS, *interfaces):
        assert not await is_open(policy, host, port), host
    assert await is_open(policy, "127.0.0.1", 7999)
    assert await is_open(policy, "10.1.2.3", port), "another machine's port of the same number"


async def test_an_endpoint_on_another_machine_is_closed_by_its_address() -> None:
    """Also mapped into IPv6; other machines stay open, as far as EGRESS_ALLOW opens them."""
    policy = egress_policy(settings(DATABASE_URL="postgresql://10.1.2.3:7001/db", OPENAI_BASE_URL="http://10.1.2.4/v1"))
    closed = [("10.1.2.3", 7001), ("::ffff:10.1.2.3", 7001), ("10.1.2.4", 80), ("::ffff:a01:204", 80)]
    assert [target for target in closed if await is_open(policy, *target)] == []
    assert await is_open(policy, "10.1.2.3", 80)
    assert await is_open(policy, "10.1.2.5", 7001)


async def test_a_public_web_port_is_shared_with_other_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CDN serves our public URL and customers' sites at one address; a database there is nobody's site."""
    names = {"api.openai.example": "1.1.1.1", "widgets.example": "1.1.1.1", "customer.example": "1.1.1.1"}
    names["db.example"] = "1.1.1.2"

    async def lookup(host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", (names.get(host, host), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    urls = {"public_url": "https://widgets.example", "OPENAI_BASE_URL": "https://api.openai.example/v1"}
    policy = egress_policy(settings(**urls, DATABASE_URL="postgresql://db.example/db"))
    assert await is_open(policy, "customer.example", 443)
    assert not await is_open(policy, "db.example", 5432)
    assert not await is_open(policy, "1.1.1.2", 5432)


async def test_an_endpoint_whose_name_cannot_be_looked_up_closes_its_port() -> None:
    """Its address is unknown, so no private address is dialled at its port."""
    policy = EgressPolicy(EVERYTHING, (StackEndpoint("prefect-server.invalid", 4200),))
    assert not await is_open(policy, "10.1.2.3", 4200)
    assert await is_open(policy, "10.1.2.3", 4201)
    assert await is_open(policy, "1.1.1.1", 4200)


async def test_an_endpoint_looks_like_an_unknown_host() -> None:
    """The error is the same: no oracle for the stack's ports."""
    messages = set()
    for host, port in (("127.0.0.1", 4200), ("no-such-host.invalid", 80)):
        with pytest.raises(AddressBlocked) as blocked:
            await egress_policy(settings()).resolve(host, port)
        messages.add(blocked.value.message)
    assert len(messages) == 1


@pytest.mark.parametrize("port", [22, 25, 465, 587, 6667, 10080])
async def test_a_port_of_another_protocol_is_closed_unless_its_address_is_opened(port: int) -> None:
    """As in browsers, which send nothing to a mail server."""
    assert not await is_open(EgressPolicy(), "1.1.1.1", port)
    assert not await is_open(EgressPolicy((ip_network("10.0.0.0/8"),)), "1.1.1.1", port)
    assert await is_open(EgressPolicy((ip_network("1.1.1.0/24"),)), "1.1.1.1", port)
    for web in (80, 443, 3000, 8080, 8443):
        assert await is_open(EgressPolicy(), "1.1.1.1", web)
