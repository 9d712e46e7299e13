"""Structured data gives the same facts in each of its syntaxes."""

import json

import pytest

from tasks.core.facts import FactKind
from tests.web.facts.test_page_facts import facts, normals, values

SHOP = {
    "@context": "https://schema.org",
    "@type": "HardwareStore",
    "name": "Harbour Tools",
    "legalName": "Harbour Tools Ltd",
    "telephone": "+44 1234 555777",
    "email": "info@harbour.example",
    "vatID": "GB123456789",
    "address": {"@type": "PostalAddress", "streetAddress": "12 Quay Street", "postalCode": "LP1 2AB"},
    "openingHours": ["Mo-Fr 08:30-17:00", "Sa 09:00-12:00"],
    "sameAs": ["https://www.facebook.com/harbourtools"],
}
JSON_LD = f'<script type="application/ld+json">{json.dumps({"@graph": [{"@type": "WebSite"}, SHOP]})}</script>'
MICRODATA = """<div itemscope itemtype="https://schema.org/HardwareStore"><b itemprop="name">Harbour Tools</b>
<meta itemprop="telephone" content="+44 1234 555777"><div itemprop="address" itemscope
itemtype="https://schema.org/PostalAddress"><i itemprop="streetAddress">12 Quay Street</i>
<i itemprop="postalCode">LP1 2AB</i></div><meta itemprop="openingHours" content="Mo-Fr 08:30-17:00">
<meta itemprop="openingHours" content="Sa 09:00-12:00"></div>"""
RDFA = MICRODATA.replace('itemscope\nitemtype="', 'typeof="').replace('itemscope itemtype="', 'typeof="')
RDFA = RDFA.replace("itemprop=", "property=")
H_CARD = """<div class="h-card"><b class="p-name">Harbour Tools</b><a class="p-tel">+44 1234 555777</a>
<i class="p-street-address">12 Quay Street</i> <i class="p-postal-code">LP1 2AB</i></div>"""


@pytest.mark.parametrize("body", [JSON_LD, MICRODATA, RDFA, H_CARD], ids=["json-ld", "microdata", "rdfa", "h-card"])
def test_contact_data_is_read(body: str) -> None:
    """Name, telephone and address of a business."""
    found = facts(body)
    assert "Harbour Tools" in values(found, FactKind.name)
    assert normals(found, FactKind.phone) == ["+441234555777"]
    assert "12 Quay Street, LP1 2AB" in values(found, FactKind.address)


@pytest.mark.parametrize("body", [JSON_LD, MICRODATA, RDFA], ids=["json-ld", "microdata", "rdfa"])
def test_opening_hours_are_read(body: str) -> None:
    """In the notation of schema.org, which is also OpenStreetMap's."""
    assert normals(facts(body), FactKind.hours) == ["Mo-Fr 08:30-17:00; Sa 09:00-12:00"]


def test_exceptions_have_their_dates() -> None:
    """A specification that is valid for some days only says for which."""
    hours = [
        {"dayOfWeek": ["Monday", "https://schema.org/Tuesday"], "opens": "09:00", "closes": "17:00"},
        {"validFrom": "2025-12-24", "validThrough": "2025-12-26", "opens": "00:00", "closes": "00:00"},
    ]
    source = json.dumps({"@type": "Store", "name": "H", "openingHoursSpecification": hours})
    assert normals(facts(f'<script type="application/ld+json">{source}</script>'), FactKind.hours) == [
        "Mo,Tu 09:00-17:00; 2025-12-24–2025-12-26 off"
    ]


def test_every_variant_has_its_price() -> None:
    """A product group with two variants is two offers."""
    variants = [
        {"name": f"Rope {size} m", "offers": {"price": price, "priceCurrency": "EUR"}}
        for size, price in ((5, 9.5), (9, 16))
    ]
    source = json.dumps({"@type": "ProductGroup", "name": "Rope", "hasVariant": variants})
    found = facts(f'<script type="application/ld+json">{source}</script>')
    assert [(fact.label, fact.value) for fact in found if fact.kind is FactKind.offer] == [
        ("Rope 5 m", "9.5 EUR"),
        ("Rope 9 m", "16 EUR"),
    ]


def test_an_event_has_time_and_place() -> None:
    """Its address is not the business's."""
    event = {
        "@type": "MusicEvent",
        "name": "Shanty night",
        "startDate": "2026-05-01T19:00",
        "location": {"name": "Old dock"},
    }
    found = facts(f'<script type="application/ld+json">{json.dumps(event)}</script>')
    assert [(fact.label, fact.value) for fact in found] == [("Shanty night", "2026-05-01T19:00, Old dock")]


@pytest.mark.parametrize(
    "source", ["{", '{"@type": "Store", "name": "H", "telephone": "0123 456789",}', "[[[[", "null"]
)
def test_broken_json_costs_nothing_else(source: str) -> None:
    """The visible text is read all the same; a trailing comma is forgiven."""
    found = facts(f'<script type="application/ld+json">{source}</script><footer>Phone 01234 555 777</footer>')
    assert "01234 555 777" in values(found, FactKind.phone)
