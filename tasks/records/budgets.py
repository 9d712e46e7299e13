"""Rate limits and token budgets of visitors: requests per address; model tokens per address, per widget, in total.

They are counted in the database, so that all API processes share them. The tokens of an answer's worst case are
reserved before the model is called, and the unused ones refunded afterwards: the sum never exceeds the cap, however
many ask at once. An address is stored only as a keyed hash whose key changes every day and is then deleted.
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from pydantic import Field

from tasks.core.addresses import network_of
from tasks.core.database import Connection, Pool
from tasks.core.errors import TryLater
from tasks.core.models import Frozen
from tasks.core.rates import Rate
from tasks.core.settings import Settings

CONFIRMATIONS_AN_HOUR = 10
"""E-mails with a code that a client may have sent to addresses that have not agreed to get any."""
WORKSPACES_AN_HOUR = 100
"""Workspaces that a client may open; nobody has to own one to do so, and they stay."""
DAY = Rate(count=1, seconds=86_400)


class RatedAction(StrEnum):
    """The actions of visitors that are counted, each with a rate of its own."""

    requests = "requests"
    searches = "searches"
    questions = "questions"


class Account(Frozen):
    """A counter with a cap in a fixed time window; windows begin at multiples of their length."""

    scope: str
    """The thing counted: an action, `builds`, `tokens` …"""
    key: str
    """Whose count it is: a client's pseudonym or a widget's id; empty: everybody's."""
    cap: int
    """Most that may be counted in a window."""
    seconds: int
    """Length of a window."""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    """Time that selects the window: a refund goes to the window of the charge."""

    @property
    def window_start(self) -> datetime:
        """Start of the window."""
        second = int(self.at.timestamp())
        return datetime.fromtimestamp(second - second % self.seconds, UTC)

    @property
    def retry_after(self) -> int:
        """Seconds from `at` until the next window."""
        return self.seconds - int(self.at.timestamp()) % self.seconds


# The first WHERE guards the first charge in a window, the second one all later charges.
_CHARGE = """
INSERT INTO chat_usage AS usage (scope, key, window_start, amount) SELECT %(scope)s, %(key)s, %(start)s, %(amount)s
WHERE %(amount)s <= %(cap)s
ON CONFLICT (scope, key, window_start) DO UPDATE SET amount = usage.amount + excluded.amount
WHERE usage.amount + excluded.amount <= %(cap)s RETURNING amount
"""


class Budgets:
    """Rate limits and token budgets of all visitors and widgets."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._rates = {
            RatedAction.requests: settings.request_rate,
            RatedAction.searches: settings.search_rate,
            RatedAction.questions: settings.chat_rate,
        }
        self._salt: tuple[date, bytes] | None = None

    async def pseudonymize(self, address: str) -> str:
        """Return today's pseudonym of an address: it cannot be reversed, nor linked to tomorrow's."""
        return hmac.new(await self._todays_salt(), network_of(address).encode(), sha256).hexdigest()

    async def _todays_salt(self) -> bytes:
        today = datetime.now(UTC).date()
        if self._salt is None or self._salt[0] != today:
            async with self._pool.connection() as connection:
                await connection.execute(
                    "INSERT INTO chat_salts (day, salt) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                    (today, secrets.token_bytes(32)),
                )
                row = await (
                    await connection.execute("SELECT salt FROM chat_salts WHERE day = %s", (today,))
                ).fetchone()
            assert row is not None
            self._salt = (today, bytes(row[0]))
        return self._salt[1]

    async def count_action(self, client: str, action: RatedAction) -> None:
        """Count a visitor's action.

        Raises:
            TryLater: the visitor's rate limit for such actions is reached.
        """
        rate = self._rates[action]
        account = Account(scope=action, key=client, cap=rate.count, seconds=rate.seconds)
        message = f"Too many {action} in a short time. Wait a little, then try again."
        await self._charge_all([account], 1, message, is_durable=False)

    async def count_lead(self, widget_id: UUID) -> None:
        """Count an e-mail address that a visitor leaves.

        Raises:
            TryLater: the widget's visitors have left as many today as they may.
        """
        cap = self._settings.leads_a_day
        account = Account(scope="leads", key=str(widget_id), cap=cap, seconds=DAY.seconds)
        await self._charge_all([account], 1, "This widget takes no more e-mail addresses today. Try again tomorrow.")

    async def count_confirmation(self, client: str) -> None:
        """Count an e-mail to an address that has not agreed to get any.

        Raises:
            TryLater: the client has had as many sent in this hour as it may.
        """
        account = Account(scope="confirmations", key=client, cap=CONFIRMATIONS_AN_HOUR, seconds=3_600)
        await self._charge_all([account], 1, "Too many addresses to confirm. Try again in an hour.")

    async def count_workspace(self, client: str) -> None:
        """Count a workspace that a client opens.

        Raises:
            TryLater: the client has opened as many in this hour as it may.
        """
        account = Account(scope="workspaces", key=client, cap=WORKSPACES_AN_HOUR, seconds=3_600)
        await self._charge_all([account], 1, "Too many new workspaces. Try again in an hour.")

    async def reserve_tokens(self, client: str | None, widget_id: UUID, tokens: int) -> list[Account]:
        """Reserve tokens of a paid model on all of its accounts, or on none; return the accounts.

        Without a client, the widget's and the total budget alone are charged.

        Raises:
            TryLater: one of the accounts has too few tokens left today.
        """
        settings = self._settings
        accounts = [
            Account(scope="widget_tokens", key=str(widget_id), cap=settings.chat_widget_tokens, seconds=DAY.seconds),
            Account(scope="tokens", key="", cap=settings.chat_tokens, seconds=DAY.seconds),
        ]
        if client is not None:
            cap = settings.chat_client_tokens
            accounts.insert(0, Account(scope="client_tokens", key=client, cap=cap, seconds=DAY.seconds))
        await self._charge_all(
            accounts, tokens, "Today's budget for answers and searches is spent. Try again tomorrow."
        )
        return accounts

    async def refund(self, accounts: Sequence[Account], tokens: int) -> None:
        """Return reserved tokens that were not used to their accounts."""
        async with self._pool.connection() as connection, connection.transaction():
            for account in accounts:
                await connection.execute(
                    "UPDATE chat_usage SET amount = greatest(0, amount - %s)"
                    " WHERE scope = %s AND key = %s AND window_start = %s",
                    (tokens, account.scope, account.key, account.window_start),
                )

    async def _charge_all(
        self, accounts: Sequence[Account], amount: int, message: str, *, is_durable: bool = True
    ) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            if not is_durable:
                # A client's requests wait for each other on one row: not for the disk as well.
                await connection.execute("SET LOCAL synchronous_commit = off")
            for account in accounts:
                if not await charge(connection, account, amount):
                    raise TryLater("rate_limited", message, retry_after=account.retry_after)


async def charge(connection: Connection, account: Account, amount: int) -> bool:
    """Charge the account if it has that much left; return whether it was charged."""
    rows = await connection.execute(
        _CHARGE,
        {
            "scope": account.scope,
            "key": account.key,
            "start": account.window_start,
            "amount": amount,
            "cap": account.cap,
        },
    )
    return await rows.fetchone() is not None
