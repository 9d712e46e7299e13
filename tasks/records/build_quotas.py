"""Build quotas: unfinished builds per client, per site and in total, and a client's rate of new builds.

They are counted in the database, so that all API processes share them.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from tasks.core.database import Connection
from tasks.core.errors import TryLater
from tasks.core.models import Frozen
from tasks.core.rates import Rate
from tasks.core.settings import Settings
from tasks.records.budgets import Account, charge

RETRY_S = 15
"""Retry-After, in seconds, when too many builds are unfinished: a build takes seconds to minutes."""
_LOCK = 7_302_115_021
"""Key of the advisory lock under which builds are recorded, one after the other; each takes milliseconds."""


class Caller(Frozen):
    """A client that requests a build, with its quotas."""

    client: str
    """Pseudonym of the client's address (`Budgets.pseudonymize`)."""
    rate: Rate
    client_builds: int
    site_builds: int
    open_builds: int

    @classmethod
    def of(cls, client: str, settings: Settings) -> "Caller":
        """Return the client with the quotas of the settings."""
        return cls(
            client=client,
            rate=settings.build_rate,
            client_builds=settings.client_builds,
            site_builds=settings.site_builds,
            open_builds=settings.open_builds,
        )


def site_key(url: str) -> str:
    """Return the key under which a site's builds are counted: its host without `www`; an IP address with its port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    try:
        ip_address(host)
    except ValueError:
        return host
    return f"{host}:{parts.port or ''}"


async def lock_new_builds(connection: Connection) -> None:
    """Lock the recording of builds until the connection's transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def enforce_quotas(connection: Connection, caller: Caller, site: str) -> None:
    """Check the caller's quotas for a build of the site, and count the build towards its rate.

    Raises:
        TryLater: too many builds are unfinished, or the caller's rate limit is reached.
    """
    rows = await connection.execute(
        "SELECT count(*) FILTER (WHERE client = %s), count(*) FILTER (WHERE site = %s), count(*)"
        " FROM scrape_jobs WHERE status IN ('pending', 'running')",
        (caller.client, site),
    )
    of_client, of_site, in_total = await rows.fetchone() or (0, 0, 0)
    for count, most, whose in (
        (of_client, caller.client_builds, "you have"),
        (of_site, caller.site_builds, f"{site} has"),
        (in_total, caller.open_builds, "this service has"),
    ):
        if count >= most:
            message = f"Too many builds at once: {whose} {count} unfinished. Try again when one has ended."
            raise TryLater("too_many_builds", message, retry_after=RETRY_S)
    account = Account(scope="builds", key=caller.client, cap=caller.rate.count, seconds=caller.rate.seconds)
    if not await charge(connection, account, 1):
        message = "Too many builds in a short time. Wait a little, then try again."
        raise TryLater("rate_limited", message, retry_after=account.retry_after)
