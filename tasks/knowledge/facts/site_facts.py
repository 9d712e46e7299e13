"""Facts of a site, each once: gathered page by page, handed to the first page that states it.

A footer's telephone number is on every page, and in the knowledge once: as a passage of the page that was read first,
mostly the start page. Every further page only adds that it is found there too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.facts import Fact, FactEdit, FactKind, SiteFact
from tasks.core.models import ChunkedPage, Job, ReadPage
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.facts.fact_passages import fact_chunks, own_label
from tasks.records.fact_records import FactRecord, fact_id, read_fact_edits, read_page_facts, replace_site_facts

MAX_FACTS = 3_000
"""Facts of a site; more are contents rather than facts."""
MAX_PAGES = 20
"""Pages listed for a fact."""
_ANYWHERE = frozenset((FactKind.name, FactKind.legal_name, FactKind.registration, FactKind.event, FactKind.hours))
"""Kinds that are stated for the site wherever they stand."""
_CONTACT = frozenset((FactKind.phone, FactKind.fax, FactKind.email, FactKind.address))
_CONTACT_PAGE = re.compile(
    r"contact|kontakt|contatt|contato|impress|imprint|legal|about|uber-uns|ueber-uns|chi-siamo|qui-sommes|nosotros|location"
    r"|find-us|visit|anfahrt|standort|hours|horai|horari|openings|team|store|shop|branch|yhteys|iletisim|адрес|контакт",
    re.IGNORECASE,
)
_CONTRADICTING = frozenset((FactKind.phone, FactKind.fax, FactKind.address, FactKind.hours, FactKind.legal_name))
_BESIDE = frozenset(("header", "footer", "aside", "nav", "json-ld", "microdata", "rdfa", "h-card", "head", "link"))


class SiteFacts:
    """The facts of the pages read so far."""

    def __init__(self, job: Job, model: str, edits: Mapping[UUID, FactEdit]) -> None:
        self._job = job
        self._model = model
        """The embedding model, by whose tokens passages are measured."""
        self._edits = edits
        self._known: dict[tuple[FactKind, str], SiteFact] = {}

    def __iter__(self) -> Iterator[SiteFact]:
        return iter(self._known.values())

    def add(self, url: str, facts: Iterable[Fact]) -> list[Fact]:
        """Record that a page states the facts; return those that no page has stated before."""
        new = []
        for fact in facts:
            known = self._known.get(fact.key)
            if known is None and len(self._known) < MAX_FACTS:
                self._known[fact.key] = SiteFact(**fact.model_dump(), pages=(url,), page_count=1)
                new.append(fact)
            elif known is not None and url not in known.pages:
                pages = (*known.pages, url) if len(known.pages) < MAX_PAGES else known.pages
                self._known[fact.key] = known.model_copy(update={"pages": pages, "page_count": known.page_count + 1})
        return new

    def settle(self, page: ChunkedPage) -> ChunkedPage:
        """Return the page with passages of the facts that it is the first to state."""
        read = page.page
        new = self.add(read.url, read.facts)
        stated = [edited for fact in new if (edited := self._edited(fact)) and is_stated_for_site(fact, read)]
        if not stated:
            return page
        language = str(read.metadata.get("language") or "")
        chunks = fact_chunks(stated, read.title, language, load_tokenizer(self._model))
        return page.model_copy(update={"chunks": (*page.chunks, *chunks)})

    async def save(self, pool: Pool) -> None:
        """Write the facts as the build's; later pages may add to them."""
        await replace_site_facts(pool, self._job.widget_id, self._job.build_id, self)

    def _edited(self, fact: Fact) -> Fact | None:
        """Return the fact in its owner's words; None if the owner hides it."""
        edit = self._edits.get(fact_id(self._job.widget_id, fact))
        if edit is None:
            return fact
        return None if edit.is_hidden else fact.model_copy(update={"value": edit.value or fact.value})


async def open_site_facts(pool: Pool, job: Job, model: str) -> SiteFacts:
    """Return the facts of the pages that earlier attempts of the build have stored, with the owner's edits."""
    facts = SiteFacts(job, model, await read_fact_edits(pool, job.widget_id))
    for url, stated in await read_page_facts(pool, job.build_id):
        facts.add(url, stated)
    return facts


def is_stated_for_site(fact: Fact, read: ReadPage) -> bool:
    """Whether a page's fact is the business's: not a number in an article, nor a price that its passages have."""
    if fact.kind is FactKind.offer:
        price = "".join(fact.normal.rpartition(": ")[2].split())
        return price not in "".join(read.markdown.casefold().replace("\\", "").split())
    if fact.kind not in _CONTACT or fact.kind in _ANYWHERE:
        return True
    path = urlsplit(read.url).path
    return fact.place in _BESIDE or read.target.depth == 0 or bool(_CONTACT_PAGE.search(f"{path} {read.title}"))


def find_conflicts(facts: Iterable[FactRecord]) -> dict[UUID, list[UUID]]:
    """Return for each fact the others that contradict it: of the same kind and for the same place or person.

    Two branches have their names as labels; an old and a new number have the same label, or none.
    """
    listed = list(facts)
    groups: dict[tuple[FactKind, str], list[FactRecord]] = {}
    names = {fact.value.casefold() for fact in listed if fact.kind is FactKind.name}
    for fact in listed:
        if fact.kind in _CONTRADICTING and fact.told is not None:
            groups.setdefault((fact.kind, own_label(fact.label, names).casefold()), []).append(fact)
    return {
        fact.id: [other.id for other in group if other.id != fact.id]
        for group in groups.values()
        if len(group) > 1
        for fact in group
    }
