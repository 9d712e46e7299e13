"""Facts of one page: from its text outside and inside the content, its links and its structured data."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from tasks.core.facts import Fact, FactKind
from tasks.core.html_source import parse_html
from tasks.web.facts.email_addresses import find_emails
from tasks.web.facts.identity_facts import find_names, find_profiles, find_registrations
from tasks.web.facts.item_facts import declared_country, find_item_facts
from tasks.web.facts.linked_data import read_items
from tasks.web.facts.opening_hours import find_hours
from tasks.web.facts.page_lines import read_text
from tasks.web.facts.postal_addresses import find_addresses
from tasks.web.facts.priced_lines import find_offers, find_terms
from tasks.web.facts.telephone_numbers import find_country, find_phones

MAX_FACTS = 300
MAX_VALUE = 1_000
MIN_SAME_DIGITS = 6
"""Last digits by which a number without its country is known again."""
_ORDER = {kind: place for place, kind in enumerate(FactKind)}


def facts_of(html: str, url: str) -> tuple[Fact, ...]:
    """Return the facts of a document that is not parsed yet."""
    return find_facts(parse_html(html), html, url)


def find_facts(tree: LexborHTMLParser, html: str, url: str, metas: Mapping[str, str] | None = None) -> tuple[Fact, ...]:
    """Return the page's facts, each once, in the order of their kinds; the tree loses its scripts."""
    items = read_items(tree, html)
    root = tree.css_first("html")
    language = ((root.attributes.get("lang") if root is not None else None) or "").strip()
    country = find_country(urlsplit(url).hostname or "", language, declared_country(items))
    page = read_text(tree)
    found = [
        *find_names(page, metas if metas is not None else _names(tree)),
        *find_phones(page, country),
        *find_emails(page),
        *find_hours(page, language[:2].lower()),
        *find_addresses(page),
        *find_profiles(page),
        *find_registrations(page),
        *find_item_facts(items, country),
    ]
    terms = list(find_terms(page, {fact.value for fact in found}))
    said = {fact.value for fact in terms}
    offers = [offer for offer in find_offers(page) if offer.value not in said]
    return _distinct([*found, *offers, *terms])


def _names(tree: LexborHTMLParser) -> dict[str, str]:
    metas = tree.css("meta[property='og:site_name'], meta[name='application-name']")
    return {
        (node.attributes.get("property") or node.attributes.get("name") or ""): node.attributes.get("content") or ""
        for node in metas
    }


def _distinct(found: list[Fact]) -> tuple[Fact, ...]:
    """Return each fact once: with the first label that it has, written for readers rather than for programs."""
    kept: dict[tuple[FactKind, str], Fact] = {}
    for fact in found:
        if not fact.value or len(fact.value) > MAX_VALUE:
            continue
        known = kept.get(fact.key)
        if known is None:
            kept[fact.key] = fact
        elif not known.label and fact.label:
            kept[fact.key] = known.model_copy(update={"label": fact.label})
    numbers = [fact.normal for fact in kept.values() if fact.normal.startswith("+")]
    listed = [fact for fact in kept.values() if not _is_local_form(fact, numbers)]
    return tuple(sorted(listed, key=lambda fact: _ORDER[fact.kind])[:MAX_FACTS])


def _is_local_form(fact: Fact, numbers: list[str]) -> bool:
    """Whether the fact is the local form of a number that is there in E.164."""
    if fact.kind not in (FactKind.phone, FactKind.fax) or fact.normal.startswith("+"):
        return False
    digits = fact.normal.lstrip("0")
    return len(digits) >= MIN_SAME_DIGITS and any(number.endswith(digits) for number in numbers)
