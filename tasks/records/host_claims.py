"""Claims of runs on the hosts they request: all runs together send a host no more than one run may.

A host has a limit of concurrent requests, which falls when it asks to slow down. Each run claims a share of it, renews
the claim while it uses the host, and loses it when it dies. A run that joins gets its share as soon as the others have
renewed theirs, never before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tasks.core.database import Connection, Pool

CLAIM = timedelta(seconds=10)
"""Age at which a claim that was not renewed expires: its run has died, or no longer uses the host."""
FORGET = timedelta(minutes=10)
"""Age at which a host's limits are forgotten: a crawl that comes later starts at full speed."""
ROTATE_S = 5
"""Seconds after which what cannot be divided evenly goes to other runs: with more runs than slots, each gets a turn."""

# The row's lock makes the claims of a host one after the other.
_MEET = """
INSERT INTO host_limits AS known (host, slots) VALUES (%(host)s, %(most)s)
ON CONFLICT (host) DO UPDATE SET seen_at = clock_timestamp(),
    slots = CASE WHEN known.seen_at < now() - %(forget)s THEN excluded.slots
        ELSE least(excluded.slots, known.slots + %(successes)s / known.slots) END
RETURNING floor(slots)::int, extract(epoch FROM paused_until - clock_timestamp())::float,
    extract(epoch FROM clock_timestamp())::float
"""
_OTHERS = """
SELECT holder, slots FROM host_claims WHERE host = %(host)s AND holder <> %(holder)s AND expires_at > clock_timestamp()
"""
_CLAIM = """
INSERT INTO host_claims (host, holder, slots, expires_at)
VALUES (%(host)s, %(holder)s, %(slots)s, clock_timestamp() + %(claim)s)
ON CONFLICT (host, holder) DO UPDATE SET slots = excluded.slots, expires_at = excluded.expires_at
"""
_TURN = """
UPDATE host_limits SET next_turn = greatest(next_turn, paused_until, clock_timestamp()) + %(delay)s
WHERE host = %(host)s RETURNING extract(epoch FROM next_turn - %(delay)s - clock_timestamp())::float
"""
# A refusal of a request that was sent before the last slow-down says nothing about the new rate.
_SLOW_DOWN = """
UPDATE host_limits SET paused_until = greatest(paused_until, clock_timestamp() + %(pause)s),
    slots = CASE WHEN slowed_at < clock_timestamp() - %(ago)s THEN greatest(1, slots / 2) ELSE slots END,
    slowed_at = CASE WHEN slowed_at < clock_timestamp() - %(ago)s THEN clock_timestamp() ELSE slowed_at END
WHERE host = %(host)s
"""
_FORGET = "DELETE FROM host_limits WHERE seen_at < now() - %s AND paused_until < now()"
_EXPIRE = "DELETE FROM host_claims WHERE expires_at < now()"


@dataclass(frozen=True)
class HostGrant:
    """A run's share of a host."""

    slots: int
    """Concurrent requests the run may have; 0 while others hold all."""
    pause_s: float
    """Seconds for which the host is left alone; 0 or less: none."""
    is_shared: bool
    """Whether other runs request the host too."""


@dataclass(frozen=True)
class HostClaims:
    """The claims of one run."""

    pool: Pool
    holder: UUID

    async def renew(self, host: str, most: int, *, under_way: int = 0, successes: int = 0) -> HostGrant:
        """Claim a share of the host, or renew the claim.

        Args:
            host: Name and port.
            most: Concurrent requests that all runs together may have at most.
            under_way: The run's requests that have not ended: they keep their slots until then.
            successes: The run's successes since the last renewal; as many as there are slots are worth one slot more.
        """
        named = {"host": host, "holder": self.holder, "most": most, "successes": successes, "forget": FORGET}
        async with self.pool.connection() as connection, connection.transaction():
            met = await (await connection.execute(_MEET, named)).fetchone()
            assert met is not None
            limit, pause_s, now_s = met
            others: dict[UUID, int] = dict(await (await connection.execute(_OTHERS, named)).fetchall())
            granted = share_of(limit, self.holder, others, int(now_s / ROTATE_S))
            await connection.execute(_CLAIM, named | {"slots": max(granted, under_way), "claim": CLAIM})
        return HostGrant(granted, max(0.0, pause_s), bool(others))

    async def reserve_turn(self, host: str, delay_s: float) -> float:
        """Reserve the host's next turn, `delay_s` after the one before it; return the seconds until then."""
        async with self.pool.connection() as connection:
            rows = await connection.execute(_TURN, {"host": host, "delay": timedelta(seconds=delay_s)})
            row = await rows.fetchone()
        return max(0.0, row[0]) if row else 0.0

    async def slow_down(self, host: str, pause_s: float, *, sent_ago_s: float) -> None:
        """Leave the host alone for a while and halve its limit, for all runs, as a request sent so long ago asked."""
        async with self.pool.connection() as connection:
            named = {"host": host, "pause": timedelta(seconds=pause_s), "ago": timedelta(seconds=sent_ago_s)}
            await connection.execute(_SLOW_DOWN, named)

    async def release(self, host: str) -> None:
        """Give up the claim on a host that the run no longer uses."""
        async with self.pool.connection() as connection:
            await connection.execute("DELETE FROM host_claims WHERE host = %s AND holder = %s", (host, self.holder))


def share_of(limit: int, own: UUID, others: Mapping[UUID, int], rotation: int) -> int:
    """Return a run's share of the limit beside what other runs hold.

    Each gets as many; what remains goes to others with each rotation. Nobody gets what another has not given up yet.
    """
    holders = sorted([own, *others])
    each, remainder = divmod(limit, len(holders))
    place = (holders.index(own) + rotation * max(1, remainder)) % len(holders)
    fair = each + (place < remainder)
    return max(0, min(fair, limit - sum(others.values())))


async def forget_hosts(connection: Connection) -> None:
    """Delete what is known of hosts that no run has requested for a while."""
    await connection.execute(_EXPIRE)
    await connection.execute(_FORGET, (FORGET,))
