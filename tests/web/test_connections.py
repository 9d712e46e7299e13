"""HTTP connections: certificates, protocol versions, keep-alive."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from tasks.core.errors import FetchTimeout, TlsFailed
from tasks.core.models import Target
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tests.sites.tls import serve_http2, server_context, write_certificate
from tests.web.conftest import (
    HOME,
    html,
    make_settings,
    serve,
)


async def test_a_certificate_nobody_vouches_for_is_refused(static: StaticFetcher, tmp_path: Path) -> None:
    """The error names the cause, and is not retriable."""
    write_certificate(tmp_path / "server.pem")
    async with serve({"/": html(HOME)}, tls=server_context(tmp_path / "server.pem")) as site:
        with pytest.raises(TlsFailed, match=r"certificate is not valid: self.signed") as failed:
            await static.fetch(Target(url=f"{site.url}/", depth=1))
        assert not failed.value.retriable
        assert site.asked == []


async def test_a_server_without_tls_is_named_in_plain_words(static: StaticFetcher) -> None:
    """Nothing of OpenSSL's own remains: no module, no line number."""
    async with serve({"/": html(HOME)}) as site:
        with pytest.raises(TlsFailed) as failed:
            await static.fetch(Target(url=f"{site.url.replace('http:', 'https:')}/", depth=1))
    assert "TLS handshake failed" in failed.value.message
    assert not any(word in failed.value.message for word in ("_ssl", "[SSL", "WRONG_VERSION"))


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate trusted by clients created from now on."""
    write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    return tmp_path / "server.pem"


async def test_a_certificate_that_breaks_half_way_fails_the_pages_after_it(gate: Gate, certificate: Path) -> None:
    """Pages before it and those of other hosts are unaffected."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=HOME, content_type="text/html", headers={"Connection": "close"})

    context = server_context(certificate)
    async with (
        open_static_fetcher(make_settings(obey_robots=False), gate) as fetcher,
        serve({"/{page}": answer}, tls=context) as site,
        serve({"/": html(HOME)}, tls=server_context(certificate)) as other,
    ):
        for _ in range(2):
            await fetcher.fetch(Target(url=f"{site.url}/before", depth=1))
        write_certificate(certificate.with_name("other.pem"))
        context.load_cert_chain(certificate.with_name("other.pem"))
        for _ in range(2):
            with pytest.raises(TlsFailed, match="certificate is not valid"):
                await fetcher.fetch(Target(url=f"{site.url}/after", depth=1))
        assert (await fetcher.fetch(Target(url=f"{other.url}/", depth=1))).html == HOME


async def fetch_often(fetcher: StaticFetcher, url: str) -> None:
    """Fetch pages in sequence and concurrently."""
    pages = [await fetcher.fetch(Target(url=f"{url}/first", depth=1))]
    pages += await asyncio.gather(*(fetcher.fetch(Target(url=f"{url}/{n}", depth=1)) for n in range(20)))
    assert {page.html for page in pages} == {HOME}


async def test_a_host_that_offers_http_2_is_asked_so_over_one_connection(gate: Gate, certificate: Path) -> None:
    """All pages of all lanes."""
    settings = make_settings(obey_robots=False, page_timeout_s=20)
    async with open_static_fetcher(settings, gate) as fetcher, serve_http2(certificate, HOME.encode()) as site:
        await fetch_often(fetcher, site.url)
        assert site.asked == [(1, "HTTP/2")] * 21


async def test_a_page_that_never_comes_over_http_2_leaves_its_connection_to_the_others(
    gate: Gate, certificate: Path
) -> None:
    """Only its own stream is cancelled."""
    settings = make_settings(obey_robots=False, page_timeout_s=3)
    async with open_static_fetcher(settings, gate) as fetcher, serve_http2(certificate, HOME.encode()) as site:
        await fetch_often(fetcher, site.url)
        with pytest.raises(FetchTimeout):
            await fetcher.fetch(Target(url=f"{site.url}/silent", depth=1))
        await fetch_often(fetcher, site.url)
        assert site.asked == [(1, "HTTP/2")] * 43


async def test_a_host_whose_http_2_is_broken_is_asked_by_http_1_1(gate: Gate, certificate: Path) -> None:
    """Over connections that are kept."""
    settings = make_settings(obey_robots=False, page_timeout_s=20)
    async with (
        open_static_fetcher(settings, gate) as fetcher,
        serve_http2(certificate, HOME.encode(), breaks=True) as site,
    ):
        await fetch_often(fetcher, site.url)
        await fetch_often(fetcher, site.url)
        assert len(site.asked) == 42
        assert {protocol for _, protocol in site.asked} == {"HTTP/1.1"}
        assert len({number for number, _ in site.asked}) <= 21


@pytest.mark.parametrize("tls", [False, True])
async def test_connections_are_kept_and_used_again(gate: Gate, certificate: Path, tls: bool) -> None:
    """Many pages in sequence over one connection (over TLS: one more, to negotiate the protocol)."""
    connections = set()

    async def note(request: web.Request) -> web.Response:
        connections.add(request.transport)
        return web.Response(text=HOME, content_type="text/html")

    settings = make_settings(obey_robots=False, page_timeout_s=20)
    async with (
        open_static_fetcher(settings, gate) as fetcher,
        serve({"/{page}": note}, tls=server_context(certificate) if tls else None) as site,
    ):
        for number in range(10):
            await fetcher.fetch(Target(url=f"{site.url}/{number}", depth=1))
    assert len(connections) == (2 if tls else 1)
