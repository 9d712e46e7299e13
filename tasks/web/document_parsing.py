"""Parsing of what was fetched: a large document in a child process, within limits that all its parses share."""

from collections.abc import Callable
from typing import Any, TypeVar

from tasks.core.errors import CallFailed, ContentFailed
from tasks.core.processes import PARSING, Allowance, Processes

SMALL = 50_000
"""Characters of a document …"""
SMALL_TAGS = 5_000
"""… and tags in it, up to which it is parsed on the event loop, in milliseconds whatever it is: most pages are small,
and dispatching them takes longer."""
REMEMBERED = 1_000
"""Large documents whose time is remembered: far more than are being read at once."""
R = TypeVar("R")


class DocumentParsing:
    """Parses documents for their links, languages, signs …: a start page is parsed six times."""

    def __init__(self, readers: Processes) -> None:
        self._readers = readers
        self._allowances: dict[int, Allowance] = {}
        """By the document's hash."""

    async def parse(self, html: str, parse: Callable[..., R], *args: Any) -> R:
        """Return `parse(*args)`, which parses the document.

        Raises:
            ContentFailed: the document cannot be parsed within limits.
        """
        if len(html) <= SMALL and html.count("<") <= SMALL_TAGS:
            return parse(*args)
        try:
            return await self.call(html, parse, *args)
        except CallFailed as error:
            raise ContentFailed(f"the page could not be read: {error.message}", retriable=error.retriable) from error

    async def call(self, html: str, parse: Callable[..., R], *args: Any) -> R:
        """Return `parse(*args)` from a child process, within what the document's other parses have left.

        Raises:
            CallFailed: the document cannot be parsed within limits.
        """
        return await self._readers.call(self._allowance_of(html), parse, *args)

    def _allowance_of(self, html: str) -> Allowance:
        allowance = self._allowances.setdefault(hash(html), Allowance(PARSING))
        if len(self._allowances) > REMEMBERED:
            del self._allowances[next(iter(self._allowances))]
        return allowance
