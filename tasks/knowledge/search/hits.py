"""Hits: the passages found, ordered once more by their headings and limited per page."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from tasks.knowledge.facts.fact_passages import FACT_POSITION
from tasks.knowledge.search.excerpts import CONTEXT_PASSAGES
from tasks.knowledge.search.heading_match import heading_match
from tasks.knowledge.search.rankings import HEADING_WEIGHT


class Hit(NamedTuple):
    """A passage found, with its position in its page."""

    page_id: UUID
    position: int
    url: str
    title: str
    heading_path: list[str]
    text: str
    language: str
    similarity: float
    score: float
    coverage: float


def by_headings(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits in the order of their scores with the heading match added."""
    matched = [
        hit._replace(
            score=hit.score
            + HEADING_WEIGHT * heading_match(question, hit.language, (hit.title, *hit.heading_path[-1:]), hit.text) ** 2
        )
        for hit in hits
    ]
    return sorted(matched, key=lambda hit: -hit.score)


def limit_per_page(hits: Sequence[Hit], per_page: int, *, facts_apart: bool = False) -> list[Hit]:
    """Keep the first `per_page` hits of each page; its passages of facts count apart if they may be more."""
    counts: Counter[tuple[UUID, bool]] = Counter()
    chosen = []
    for hit in hits:
        counted = hit.page_id, facts_apart and hit.position >= FACT_POSITION
        counts[counted] += 1
        if counts[counted] <= per_page:
            chosen.append(hit)
    return chosen


def without_neighbours(hits: Sequence[Hit]) -> list[Hit]:
    """Drop the hits within the context of a better one."""
    chosen: list[Hit] = []
    for hit in hits:
        if not any(
            hit.page_id == other.page_id and abs(hit.position - other.position) <= CONTEXT_PASSAGES for other in chosen
        ):
            chosen.append(hit)
    return chosen
