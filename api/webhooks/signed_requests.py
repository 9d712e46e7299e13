"""A webhook's request: signed, to a public address only, and without following redirects.

The receiver computes HMAC-SHA-256 with its secret over `Webhook-Timestamp`, a full stop and the body, and compares it
with `Webhook-Signature`; it refuses old timestamps, and knows repeated deliveries by `Webhook-Id`.
"""

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass

import httpcore
from can_ada import parse

from tasks.core.checked_backend import CheckedBackend
from tasks.core.egress_policy import EgressPolicy
from tasks.core.errors import AddressBlocked
from tasks.records.webhook_outbox import ClaimedDelivery

ATTEMPT_S = 10.0
"""Seconds for an attempt, from the connection to the response's status."""
USER_AGENT = "AIWidgetBuilder-Webhooks/1"


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt."""

    status: int | None
    """HTTP status; None without a response."""
    error: str | None
    """Cause of the failure; None: the receiver has accepted the delivery."""


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return the value of `Webhook-Signature`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


async def send_delivery(policy: EgressPolicy, delivery: ClaimedDelivery) -> Outcome:
    """Send the delivery once."""
    try:
        async with asyncio.timeout(ATTEMPT_S):
            status = await _post(policy, delivery)
    except (TimeoutError, httpcore.TimeoutException):
        return Outcome(None, f"no response within {ATTEMPT_S:g} s")
    except AddressBlocked as error:
        return Outcome(None, error.message)
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        certificate = "certificate" in str(error).lower()
        return Outcome(None, "the TLS certificate is not valid" if certificate else "the connection failed")
    if 200 <= status < 300:
        return Outcome(status, None)
    # A redirect could lead anywhere, with the visitor's address in the body.
    return Outcome(status, "redirects are not followed" if 300 <= status < 400 else f"HTTP {status}")


async def _post(policy: EgressPolicy, delivery: ClaimedDelivery) -> int:
    url, body, timestamp = parse(delivery.url), delivery.body.encode(), int(time.time())
    headers: dict[bytes | str, bytes | str] = {
        "Host": url.host,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Webhook-Id": str(delivery.id),
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": sign(delivery.secret, timestamp, body),
    }
    target = url.href.partition("#")[0]
    async with (
        httpcore.AsyncConnectionPool(network_backend=CheckedBackend(policy)) as pool,
        # The response's body is not read: it may have no end.
        pool.stream("POST", target, headers=headers, content=body) as answer,
    ):
        return int(answer.status)
