"""The way out through another gate: that one looks up, judges and dials."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tasks.core.bare_addresses import add_scheme
from tasks.core.egress_policy import EgressPolicy, StackEndpoint
from tasks.core.settings import Settings
from tasks.web.fetching.egress import Gate, open_gate
from tests.sites.generated import generated_site
from tests.web.conftest import LOOPBACK, open_canary, refusing_port
from tests.web.test_egress import ask, greet

ROOT = Path(__file__).parents[2]
FETCH = """
import asyncio, sys
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.web.reader import open_web

async def main(url, proxy):
    settings = Settings(_env_file=None, egress_proxy=proxy or None, egress_allow="127.0.0.0/8", page_timeout_s=60)
    async with open_web(settings) as web:
        print(f"{await web.load_home(Target(url=url, depth=0), '')}"[:40])
        print((await web.fetch(Target(url=url, depth=1))).metadata["status"])

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def chained(policy: EgressPolicy) -> AsyncIterator[tuple[Gate, Gate]]:
    """A gate that judges by the policy, and one that goes out through it and would permit nothing itself."""
    async with open_gate(policy) as outer, open_gate(EgressPolicy(), upstream=outer.proxy_url) as inner:
        yield inner, outer


@pytest.mark.parametrize("form", ["GET http://127.0.0.1:{}/a HTTP/1.1\n\n", "CONNECT 127.0.0.1:{} HTTP/1.1\n\n"])
async def test_requests_and_tunnels_go_out_through_the_other_gate(form: str) -> None:
    """The addresses that it permits are reached, both ways."""
    async with (
        chained(EgressPolicy(LOOPBACK)) as (inner, _),
        await asyncio.start_server(greet, "127.0.0.1", 0) as server,
    ):
        port = server.sockets[0].getsockname()[1]
        tunnelled = "GET /a HTTP/1.1\nConnection: close\n\n" if form.startswith("CONNECT") else ""
        answer = await ask(inner, form.format(port) + tunnelled)
        assert answer.endswith(b"1 GET /a")


async def test_a_refusal_of_the_other_gate_is_told_with_its_reason() -> None:
    """Blocked or refused: a page's failure has the same cause as without it, and the address gets no connection."""
    async with open_canary() as (port, connections):
        own = EgressPolicy(LOOPBACK, (StackEndpoint("127.0.0.1", port),))
        async with chained(own) as (inner, _):
            assert b"X-Egress: blocked" in await ask(inner, f"CONNECT 127.0.0.1:{port} HTTP/1.1\n\n")
            assert inner.refusal_reason("127.0.0.1", port) == "blocked"
            closed_port = await refusing_port()
            assert b"X-Egress: refused" in await ask(inner, f"GET http://127.0.0.1:{closed_port}/ HTTP/1.1\n\n")
            assert inner.refusal_reason("127.0.0.1", closed_port) == "refused"
        assert connections == []


async def test_a_gate_whose_way_out_is_gone_refuses_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is dialled directly instead."""
    async with (
        await asyncio.start_server(greet, "127.0.0.1", 0) as server,
        open_gate(EgressPolicy(LOOPBACK), upstream=f"http://127.0.0.1:{await refusing_port()}") as gate,
    ):
        answer = await ask(gate, f"GET http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ HTTP/1.1\n\n")
    assert answer.startswith(b"HTTP/1.1 502")
    assert "The egress proxy" in caplog.text


async def test_a_bare_address_is_asked_through_the_proxy() -> None:
    """By the scheme that answers there; a refusal of the proxy is no answer."""
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server, open_gate(EgressPolicy(LOOPBACK)) as gate:
        bare = f"localhost:{server.sockets[0].getsockname()[1]}"
        through = Settings(_env_file=None, egress_proxy=gate.proxy_url)
        assert await add_scheme(through, bare) == f"http://{bare}/"
        async with open_gate(EgressPolicy()) as closed:
            refused = Settings(_env_file=None, egress_proxy=closed.proxy_url)
            assert await add_scheme(refused, bare) == f"https://{bare}/"


@contextmanager
def cut_off_network() -> Iterator[tuple[str, str]]:
    """A network whose one neighbour is this machine: its name, and this machine's address there."""
    name = f"wb{secrets.token_hex(3)}"
    here, there = f"10.231.{secrets.randbelow(256)}.1", ""
    there = here.removesuffix("1") + "2"
    commands = [
        f"netns add {name}",
        f"link add {name}a type veth peer name {name}b netns {name}",
        f"addr add {here}/30 dev {name}a",
        f"link set {name}a up",
        f"-n {name} addr add {there}/30 dev {name}b",
        f"-n {name} link set {name}b up",
        f"-n {name} link set lo up",
    ]
    try:
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True, capture_output=True)
        yield name, here
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


async def fetch_in(network: str, url: str, proxy: str) -> str:
    """The last line of a process of that network that fetches the page with the product's fetchers."""
    running = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", network, sys.executable, "-c", FETCH, url, proxy),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await running.communicate()
    return output.decode().strip().splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes networks")
async def test_pages_are_fetched_where_the_proxy_is_the_only_way_out() -> None:
    """In a network that reaches the gate's port alone; without the proxy it reaches no site."""
    with cut_off_network() as (network, here):
        async with generated_site(3, 2, 0) as site, open_gate(EgressPolicy(LOOPBACK), host=here) as gate:
            proxy = f"http://{here}:{urlsplit(gate.proxy_url).port}"
            assert await fetch_in(network, site.url + "/", proxy) == "200"
            assert "connection refused" in await fetch_in(network, site.url + "/", "")
