"""Mailer: a widget's events as e-mail, through the mail server that the settings name.

The standard library's client runs in a thread: a few messages at a time, each with a deadline.
"""

import asyncio
import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import SplitResult, unquote, urlsplit

from api.webhooks.signed_requests import ATTEMPT_S, Outcome
from tasks.core.settings import Settings
from tasks.records.webhook_outbox import ClaimedDelivery
from tasks.records.webhooks import WebhookEvent

SCHEME = "mailto:"
ACCEPTED = 250
_PORTS = {"smtp": 587, "smtps": 465}
_SUBJECTS = {
    WebhookEvent.lead_created: "A visitor left an e-mail address",
    WebhookEvent.build_completed: "The site has been read",
    WebhookEvent.build_failed: "The site could not be read",
    WebhookEvent.question_unanswered: "A question was not answered",
    WebhookEvent.feedback: "A visitor rated an answer",
}
_HIDDEN = ("lead_id", "build_id")
"""Ids that say nothing to people."""


@dataclass(frozen=True)
class Mailer:
    """The way to the mail server."""

    server: SplitResult
    sender: str
    console: str
    """Address of the console, which a message leads to."""

    @classmethod
    def of(cls, settings: Settings) -> "Mailer | None":
        """Return the mailer of the settings; None if they name no mail server."""
        if settings.smtp_url is None or settings.mail_from is None:
            return None
        server = urlsplit(settings.smtp_url.get_secret_value())
        return cls(server, settings.mail_from, f"{settings.origin}/console")

    async def send_code(self, address: str, code: str) -> Outcome:
        """Send the code that confirms an address."""
        text = (
            f"Somebody wants to send the events of a chat widget to this address. To agree, enter this code at the"
            f" widget's webhooks in the console:\n\n    {code}\n\n{self.console}\n\nIf it was not you, do nothing."
        )
        return await self._send(self._message(address, "Confirm your address", text))

    async def deliver(self, delivery: ClaimedDelivery) -> Outcome:
        """Send an event; each attempt has the same Message-ID."""
        sent = json.loads(delivery.body)
        data = {name: value for name, value in sent["data"].items() if value not in (None, "") and name not in _HIDDEN}
        lines = [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in data.items()]
        link = f"{self.console}#/w/{sent['widget_id']}"
        subject = _SUBJECTS[WebhookEvent(sent["type"])]
        message = self._message(delivery.url.removeprefix(SCHEME), subject, "\n\n".join([*lines, link]))
        message["Message-ID"] = f"<{delivery.id}@{self.server.hostname}>"
        if sent["type"] == WebhookEvent.lead_created:
            message["Reply-To"] = str(data["email"])
        return await self._send(message)

    def _message(self, address: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, address, subject
        message["Date"] = formatdate()
        # No automatic reply answers it (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    async def _send(self, message: EmailMessage) -> Outcome:
        try:
            async with asyncio.timeout(ATTEMPT_S + 1):
                await asyncio.to_thread(self._hand_over, message)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            return Outcome(code, f"the mail server refuses the address: {code}")
        except smtplib.SMTPResponseException as error:
            return Outcome(error.smtp_code, f"the mail server refuses the message: {error.smtp_code}")
        except smtplib.SMTPNotSupportedError:
            return Outcome(None, "the mail server offers no TLS, without which it gets no password")
        except TimeoutError:
            return Outcome(None, f"no response from the mail server within {ATTEMPT_S:g} s")
        except (smtplib.SMTPException, OSError) as error:
            certificate = isinstance(error, ssl.SSLCertVerificationError)
            cause = "the mail server's certificate is not valid" if certificate else "the mail server cannot be reached"
            return Outcome(None, cause)
        return Outcome(ACCEPTED, None)

    def _hand_over(self, message: EmailMessage) -> None:
        host, scheme = self.server.hostname or "", self.server.scheme
        port = self.server.port or _PORTS[scheme]
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(host, port, timeout=ATTEMPT_S, context=context)
            if scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=ATTEMPT_S) as client
        ):
            client.ehlo()
            # A password is sent over TLS alone: without it, `starttls` raises SMTPNotSupportedError.
            if scheme == "smtp" and (self.server.username or client.has_extn("starttls")):
                client.starttls(context=context)
                client.ehlo()
            if self.server.username:
                client.login(unquote(self.server.username), unquote(self.server.password or ""))
            client.send_message(message)
