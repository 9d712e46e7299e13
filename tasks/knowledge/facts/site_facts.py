"""Facts of a site, each once: gathered page by page, and told on one of the pages that state it.

A footer's telephone number is on every page, and in the knowledge once: as a passage of the page that was read first,
mostly the start page. Every further page only adds that it is found there too.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.facts import Fact, FactEdit, FactKind, SiteFact
from tasks.core.models import Job, ReadPage
from tasks.knowledge.facts.fact_passages import own_label
from tasks.records.fact_records import (
    FactRecord,
    fact_id,
    read_fact_edits,
    read_page_facts,
    read_telling_pages,
    replace_site_facts,
)

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
_OTHERS_PAGE = re.compile(
    r"dealer|stockist|retailer|reseller|distribut|where[- ]to[- ]buy|h(?:ae|ä|a)ndler|bezugsquelle|revendeu"
    r"|points?[- ]de[- ]vente|rivendit|puntos?[- ]de[- ]venta|verkooppunt|dystrybut|gdzie[- ]kupi"
    r"|återförsälj|forhandler|jälleenmyy",
    re.IGNORECASE,
)
"""Pages of other businesses, that sell what the site's makes."""
_CONTRADICTING = frozenset((FactKind.phone, FactKind.fax, FactKind.address, FactKind.hours, FactKind.legal_name))
_BESIDE = frozenset(("header", "footer", "aside", "nav", "json-ld", "microdata", "rdfa", "h-card", "head", "link"))


class SiteFacts:
    """The facts of the pages read so far."""

    def __init__(self, job: Job, edits: Mapping[UUID, FactEdit], told_on: Mapping[UUID, str]) -> None:
        self._job = job
        self._edits = edits
        self._told_on = told_on
        """URL of the page that tells a fact in the build before, by the fact's id: it goes on doing so."""
        self._known: dict[tuple[FactKind, str], SiteFact] = {}

    def __iter__(self) -> Iterator[SiteFact]:
        return iter(self._known.values())

    def add(self, url: str, facts: Iterable[Fact]) -> None:
        """Record that a page states the facts."""
        for fact in facts:
            known = self._known.get(fact.key)
            if known is None and len(self._known) < MAX_FACTS:
                self._known[fact.key] = SiteFact(**fact.model_dump(), pages=(url,), page_count=1)
            elif known is not None and url not in known.pages:
                is_told_here = url == self._told_on.get(fact_id(self._job.widget_id, fact))
                pages = (url, *known.pages) if is_told_here else (*known.pages, url)
                updated = {"pages": pages[:MAX_PAGES], "page_count": known.page_count + 1}
                self._known[fact.key] = known.model_copy(update=updated)

    def assign(self, stored: Collection[str]) -> dict[str, list[SiteFact]]:
        """Return the facts by the URL of the page that tells them, a stored one; it becomes the first of their pages.

        It is the page of the build before, or else the one that was read first.
        """
        assigned: dict[str, list[SiteFact]] = {}
        for key, fact in self._known.items():
            if (url := next((page for page in fact.pages if page in stored), None)) is None:
                continue
            pages = (url, *(page for page in fact.pages if page != url))
            self._known[key] = fact.model_copy(update={"pages": pages})
            assigned.setdefault(url, []).append(self._known[key])
        return assigned

    def reword(self, page: ReadPage, told: Iterable[SiteFact]) -> list[SiteFact]:
        """Return the facts in the words and the order of the page that tells them, and keep them so.

        Which page is read first depends on loading times: its words would change from build to build.
        """
        own = {stated.key: stated for stated in reversed(page.facts)}
        keys = {fact.key: None for fact in told}
        ordered = [key for key in reversed(own) if key in keys] + [key for key in keys if key not in own]
        for key in ordered:
            # Not as it was told: pages read since then state the fact too.
            fact = self._known.pop(key)
            self._known[key] = fact.model_copy(update=own[key].model_dump()) if key in own else fact
        return [self._known[key] for key in ordered]

    async def save(self, pool: Pool) -> None:
        """Write the facts as the build's; later pages may add to them."""
        await replace_site_facts(pool, self._job.widget_id, self._job.build_id, self)

    def edited(self, fact: Fact) -> Fact | None:
        """Return the fact in its owner's words; None if the owner hides it."""
        edit = self._edits.get(fact_id(self._job.widget_id, fact))
        if edit is None:
            return fact
        return None if edit.is_hidden else fact.model_copy(update={"value": edit.value or fact.value})


async def open_site_facts(pool: Pool, job: Job) -> SiteFacts:
    """Return the facts of the pages that earlier attempts of the build have stored, with the owner's edits."""
    told_on = {} if job.replaces is None else await read_telling_pages(pool, job.replaces)
    facts = SiteFacts(job, await read_fact_edits(pool, job.widget_id), told_on)
    for url, stated in await read_page_facts(pool, job.build_id):
        facts.add(url, stated)
    return facts


def is_stated_for_site(fact: Fact, read: ReadPage) -> bool:
    """Whether a page's fact is the business's: not a number in an article, nor a price that its passages have."""
    if fact.kind is FactKind.offer:
        price = "".join(fact.normal.rpartition(": ")[2].split())
        return price not in "".join(read.markdown.casefold().replace("\\", "").split())
    page = f"{unquote(urlsplit(read.url).path)} {read.title}"
    if fact.kind in (*_CONTACT, FactKind.hours) and fact.place not in _BESIDE and _OTHERS_PAGE.search(page):
        return False
    if fact.kind not in _CONTACT or fact.kind in _ANYWHERE:
        return True
    return fact.place in _BESIDE or read.target.depth == 0 or bool(_CONTACT_PAGE.search(page))


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
