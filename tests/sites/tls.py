"""TLS servers: self-signed certificates, and a minimal HTTP/2 server that can serve a page."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived


def write_certificate(file: Path) -> None:
    """Write a self-signed certificate for 127.0.0.1 with its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )


def server_context(certificate: Path, *protocols: str) -> ssl.SSLContext:
    """Return a server's TLS context with this certificate that offers these protocols (ALPN)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@dataclass
class Http2Site:
    """A site that speaks HTTP/2 with clients that can, and HTTP/1.1 with the others."""

    body: bytes
    breaks: bool = False
    """Whether the site answers HTTP/2 with invalid frames."""
    url: str = ""
    asked: list[tuple[int, str]] = field(default_factory=list)
    """Connection number and protocol of each request."""
    _connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self._connections += 1
        number = self._connections
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        try:
            if tls.selected_alpn_protocol() == "h2":
                await self._serve_2(number, reader, writer)
            else:
                await self._serve_1(number, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve_1(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            self.asked.append((number, "HTTP/1.1"))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(self.body) + self.body
            )

    async def _serve_2(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.breaks:
            await reader.read(10)
            writer.write(b"nonsense, nonsense, nonsense")
            return
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        while data := await reader.read(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.asked.append((number, "HTTP/2"))
                    if (b":path", b"/silent") in event.headers:
                        continue
                    headers = [(":status", "200"), ("content-type", "text/html")]
                    connection.send_headers(event.stream_id, headers)
                    connection.send_data(event.stream_id, self.body, end_stream=True)
            writer.write(connection.data_to_send())


@asynccontextmanager
async def serve_http2(certificate: Path, body: bytes, *, breaks: bool = False) -> AsyncIterator[Http2Site]:
    """Serve the site on loopback; every path has the same body of at most 16 kB, and `/silent` has none."""
    site = Http2Site(body, breaks)
    context = server_context(certificate, "h2", "http/1.1")
    async with await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context) as server:
        site.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield site
