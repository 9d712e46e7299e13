"""A mail server on loopback that records the messages it gets, or refuses them as the test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """The messages received, and the answer to recipients."""

    url: str = ""
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refusal: str = ""
    """Answer to `RCPT TO`; empty: accepted."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP (RFC 5321) with one client."""
        await _answer(writer, "220 ready")
        while line := (await reader.readline()).decode().strip():
            verb = line.upper().partition(" ")[0]
            if verb == "QUIT":
                await _answer(writer, "221 bye")
                break
            if verb == "RCPT" and not self.refusal:
                self.recipients.append(line.partition("<")[2].partition(">")[0])
            if verb == "DATA":
                await _answer(writer, "354 go on")
                raw = await reader.readuntil(b"\r\n.\r\n")
                message = message_from_bytes(raw[:-5], policy=policy.default)
                assert isinstance(message, EmailMessage)
                self.received.append(message)
            await _answer(writer, self.refusal if verb == "RCPT" and self.refusal else "250 fine")
        writer.close()


async def _answer(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(f"{line}\r\n".encode())
    await writer.drain()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Serve a mail server that accepts everything."""
    mail = MailServer()
    async with await asyncio.start_server(mail.serve, "127.0.0.1", 0) as server:
        mail.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield mail
