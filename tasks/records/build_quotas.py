"""Who may start a build now: so many at once for a client, a site and in all, and so many in a time.

Counted in the database, so that all API processes share one account.
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
"""When it is worth asking again: a build takes seconds to minutes."""
_LOCK = 7_302_115_021
"""Builds are recorded one after the other; it takes milliseconds."""


class Caller(Frozen):
    """Who asks for a build, and what is allowed to them."""

    client: str
    """Stands for an address (`Budgets.pseudonymize`)."""
    rate: Rate
    client_builds: int
    site_builds: int
    open_builds: int

    @classmethod
    def of(cls, client: str, settings: Settings) -> "Caller":
        """A client to whom the settings' limits apply."""
        return cls(
            client=client,
            rate=settings.build_rate,
            client_builds=settings.client_builds,
            site_builds=settings.site_builds,
            open_builds=settings.open_builds,
        )


def site_key(url: str) -> str:
    """What counts as one site: a host, whatever its port; an address with its port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    try:
        ip_address(host)
    except ValueError:
        return host
    return f"{host}:{parts.port or ''}"


async def lock_new_builds(connection: Connection) -> None:
    """Keep all others from recording builds until the connection's transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def enforce_quotas(connection: Connection, caller: Caller, site: str) -> None:
    """Return if the caller may start a build of the site now, which is counted.

    Raises:
        TryLater: too many are under way, or were started of late.
    """
    rows = await connection.execute(
        "SELECT count(*) FILTER (WHERE client = %s), count(*) FILTER (WHERE site = %s), count(*)"
        " FROM scrape_jobs WHERE status IN ('pending', 'running')",
        (caller.client, site),
    )
    of_client, of_site, in_all = await rows.fetchone() or (0, 0, 0)
    for count, most, whose in (
        (of_client, caller.client_builds, "you have"),
        (of_site, caller.site_builds, f"{site} has"),
        (in_all, caller.open_builds, "this service has"),
    ):
        if count >= most:
            message = f"Too many builds at once: {whose} {count} under way. Try again when one has ended."
            raise TryLater("too_many_builds", message, retry_after=RETRY_S)
    account = Account(scope="builds", key=caller.client, cap=caller.rate.count, seconds=caller.rate.seconds)
    if not await charge(connection, account, 1):
        message = "Too many builds in a short time: please wait a little."
        raise TryLater("rate_limited", message, retry_after=account.retry_after)
