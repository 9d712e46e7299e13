"""URLs that have been found and not let in yet."""

from dataclasses import dataclass, replace

from tasks.core.models import Link
from tasks.web.crawl.priority import Rank, Worth, rank_of, worth_of
from tasks.web.crawl.traps import Family


@dataclass(slots=True)
class Candidate:
    """A URL that has been found and not let in."""

    link: Link
    depth: int
    source: int
    """Place of the page on which it was found first …"""
    position: int
    """… and which of its links it is."""
    on_home: bool
    in_links: int = 1
    family: Family | None = None
    base: str = ""
    """The key of the page that it may be a version of."""

    @property
    def found_at(self) -> tuple[int, int, int]:
        """Where in the site it was found first."""
        return self.depth, self.source, self.position

    @property
    def may_be_early(self) -> bool:
        """Whether it is content beyond doubt."""
        return self.family is None and worth_of(self.link.url) is Worth.content

    @property
    def rank(self) -> tuple[Rank, bool, int, int]:
        """What candidates are sorted by."""
        rank = rank_of(self.link, on_home=self.on_home, in_links=self.in_links)
        return rank, self.family is not None, self.source, self.position


def merge_links(first: Link, more: Link) -> Link:
    """The first link, with what only the other one tells."""
    return replace(
        first,
        text=first.text or more.text,
        region=more.region if first.region == "main" else first.region,
        language=first.language or more.language,
        priority=more.priority if first.priority is None else first.priority,
        modified=first.modified or more.modified,
    )
