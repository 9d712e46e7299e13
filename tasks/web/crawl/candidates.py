"""Candidates: URLs that have been found and not admitted yet."""

from dataclasses import dataclass, replace

from tasks.core.models import Link
from tasks.web.crawl.priority import Rank, Worth, rank_of, worth_of
from tasks.web.crawl.traps import Family


@dataclass(slots=True)
class Candidate:
    """A URL that has been found and not admitted, with what its links say of it."""

    link: Link
    depth: int
    source: int
    """Crawl order of the page with the first link to it."""
    position: int
    """Index of that link on the page."""
    on_home: bool
    """The home page links to it."""
    in_links: int = 1
    """Links to it from pages one level above."""
    family: Family | None = None
    base: str = ""
    """Key of the page that it may be a variant of."""
    is_new: bool = False
    """The build before, which this one replaces, had no such page."""

    @property
    def found_at(self) -> tuple[int, int, int]:
        """Position of the first link to it, in crawl order."""
        return self.depth, self.source, self.position

    @property
    def may_be_early(self) -> bool:
        """Whether it is certainly content, so that it may be admitted before its level is complete."""
        return self.family is None and worth_of(self.link.url) is Worth.content

    @property
    def gives_way(self) -> bool:
        """Whether pages of the build before go first; a new page that the start page links to is news."""
        return self.is_new and not self.on_home

    @property
    def rank(self) -> tuple[Rank, bool, int, int]:
        """Sort key of candidates, best first."""
        rank = rank_of(self.link, on_home=self.on_home, in_links=self.in_links)
        return rank, self.family is not None, self.source, self.position


def merge_links(first: Link, more: Link) -> Link:
    """Return the first link, completed by what only the other one says."""
    return replace(
        first,
        text=first.text or more.text,
        region=more.region if first.region == "main" else first.region,
        language=first.language or more.language,
        priority=more.priority if first.priority is None else first.priority,
        modified=first.modified or more.modified,
    )
