"""Facts from structured data (schema.org): organisations, their branches, offers, events."""

import re
from collections.abc import Iterator, Sequence

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.hour_lines import write_days
from tasks.web.facts.linked_data import Item, text_of, types_of, values_of, walk
from tasks.web.facts.telephone_numbers import to_e164

MAX_FACTS = 400
_NO_BUSINESS = frozenset(("person", "review", "article", "blogposting", "newsarticle", "webpage", "breadcrumblist"))
_OFFERED = frozenset(
    ("product", "productgroup", "service", "menuitem", "offer", "aggregateoffer", "course", "individualproduct")
)
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVENT = re.compile(r"event$|^event|festival$")
_REGISTRATIONS = {"vatID": "VAT ID", "taxID": "Tax ID", "iso6523Code": "ISO 6523", "duns": "DUNS", "leiCode": "LEI"}
_ADDRESS = ("streetAddress", "postOfficeBoxNumber", "postalCode", "addressLocality", "addressRegion", "addressCountry")


def find_item_facts(items: Sequence[tuple[str, Item]], country: str) -> list[Fact]:
    """Return the facts of the items and of the objects inside them."""
    found: list[Fact] = []
    for syntax, top in items:
        for item in walk(top):
            found += [fact.model_copy(update={"place": syntax}) for fact in _facts(item, country)]
            if len(found) >= MAX_FACTS:
                return found
    return found


def declared_country(items: Sequence[tuple[str, Item]]) -> str:
    """Return the country of the first address, if it is declared by its code."""
    for _, top in items:
        for item in walk(top):
            if len(country := text_of(item, "addressCountry")) == 2:
                return country.upper()
    return ""


def _facts(item: Item, country: str) -> Iterator[Fact]:
    types, name = types_of(item), text_of(item, "name")
    if types & _OFFERED or "offers" in item:
        yield from _offers(item, name)
    if any(_EVENT.search(kind) for kind in types):
        yield from _event(item, name)
        return
    if types & _NO_BUSINESS or types & _OFFERED:
        return
    yield from _organisation(item, name, types, country)


def _organisation(item: Item, name: str, types: set[str], country: str) -> Iterator[Fact]:
    own = [key for key in ("telephone", "email", "address", "openingHours", "openingHoursSpecification") if key in item]
    is_organisation = bool(own) and name and "contactpoint" not in types and "postaladdress" not in types
    if is_organisation:
        yield Fact(kind=FactKind.name, value=name, normal=name.casefold())
    if legal := text_of(item, "legalName"):
        yield Fact(kind=FactKind.legal_name, value=legal, normal=legal.casefold())
    label = text_of(item, "contactType", "department") or name
    for number in values_of(item, "telephone"):
        if isinstance(number, str | int) and any(char.isdigit() for char in str(number)):
            written = str(number).removeprefix("tel:").strip()
            yield Fact(kind=FactKind.phone, value=written, normal=to_e164(written, country), label=label)
    for number in values_of(item, "faxNumber"):
        if isinstance(number, str):
            yield Fact(kind=FactKind.fax, value=number, normal=to_e164(number, country), label=label)
    for address in values_of(item, "email"):
        if isinstance(address, str) and "@" in address:
            written = address.removeprefix("mailto:").strip()
            yield Fact(kind=FactKind.email, value=written, normal=written.lower(), label=label)
    for address in values_of(item, "address", "location"):
        if (written := _address(address)) and "event" not in types:
            yield Fact(kind=FactKind.address, value=written, label=label)
    yield from _hours(item, label)
    for key, meaning in _REGISTRATIONS.items():
        if value := text_of(item, key):
            yield Fact(kind=FactKind.registration, value=value, normal=re.sub(r"\W", "", value).upper(), label=meaning)
    if accepted := [text for text in values_of(item, "paymentAccepted") if isinstance(text, str)]:
        yield Fact(kind=FactKind.payment, value=", ".join(accepted))
    if is_organisation:
        for url in values_of(item, "sameAs"):
            if isinstance(url, str) and url.startswith("http"):
                yield Fact(kind=FactKind.social, value=url, normal=url.rstrip("/").lower())


def _address(value: object) -> str:
    if isinstance(value, str):
        return " ".join(value.split()) if any(char.isdigit() for char in value) else ""
    if not isinstance(value, dict):
        return ""
    if isinstance(inner := value.get("address"), dict):
        value = inner
    parts = {key: text_of(value, key) for key in _ADDRESS}
    if not any(parts[key] for key in _ADDRESS[:4]):
        return ""
    town = " ".join(filter(None, (parts["postalCode"], parts["addressLocality"])))
    region = parts["addressRegion"] if parts["addressRegion"] not in town else ""
    listed = (parts["streetAddress"], parts["postOfficeBoxNumber"], town, region, parts["addressCountry"])
    return ", ".join(part for part in listed if part)


def _hours(item: Item, label: str) -> Iterator[Fact]:
    stated = [text for text in values_of(item, "openingHours") if isinstance(text, str) and text.strip()]
    regular, special = list[str](), list[str]()
    for specification in values_of(item, "openingHoursSpecification", "specialOpeningHoursSpecification"):
        if isinstance(specification, dict) and (entry := _specified(specification)):
            (special if specification.get("validFrom") else regular).append(entry)
    entries = list(dict.fromkeys([*stated, *regular]))
    if entries or special:
        normal = "; ".join([*entries, *special])
        yield Fact(kind=FactKind.hours, value="\n".join([*entries, *special]), normal=normal, label=label)


def _specified(item: Item) -> str:
    """Return an opening hours specification in OpenStreetMap's notation; with dates if it is an exception."""
    days = set[int]()
    for day in values_of(item, "dayOfWeek"):
        written = day.get("@id") or day.get("name") if isinstance(day, dict) else day
        name = re.split(r"[/#]", str(written))[-1].lower()
        days.update(index for index, full in enumerate(_DAY_NAMES) if name[:2] == full[:2])
        if name.startswith("publicholiday"):
            days.add(7)
    opens, closes = text_of(item, "opens")[:5], text_of(item, "closes")[:5]
    times = f"{opens}-{closes}" if opens and closes and opens != closes else "off"
    if opens == closes == "00:00" and "closes" in item and not item.get("validFrom"):
        times = "off"
    period = "–".join(dict.fromkeys(date[:10] for key in ("validFrom", "validThrough") if (date := text_of(item, key))))
    return " ".join(part for part in (period, write_days(frozenset(days)), times) if part)


def _offers(item: Item, name: str) -> Iterator[Fact]:
    own = [item] if "price" in item or "lowPrice" in item else []
    for offer in [*own, *(one for one in values_of(item, "offers") if isinstance(one, dict))]:
        if not (price := _price(offer)):
            continue
        label = " – ".join(
            dict.fromkeys(filter(None, (name, text_of(offer, "name"), text_of(offer, "sku") if not name else "")))
        )
        yield Fact(kind=FactKind.offer, value=price, label=label, normal=f"{label}: {price}".casefold())


def _price(offer: Item) -> str:
    inner = next((one for one in values_of(offer, "priceSpecification") if isinstance(one, dict)), {})
    low, high = text_of(offer, "lowPrice"), text_of(offer, "highPrice")
    price = text_of(offer, "price") or text_of(inner, "price") or low
    if low and high and low != high:
        price = f"{low}–{high}"
    currency = text_of(offer, "priceCurrency") or text_of(inner, "priceCurrency")
    return f"{price} {currency}".strip() if any(char.isdigit() for char in price) else ""


def _event(item: Item, name: str) -> Iterator[Fact]:
    start, end = text_of(item, "startDate"), text_of(item, "endDate")
    place = next((one for one in values_of(item, "location") if isinstance(one, dict | str)), "")
    where = place if isinstance(place, str) else ", ".join(filter(None, (text_of(place, "name"), _address(place))))
    if name and start:
        when = start if not end or end == start else f"{start} – {end}"
        yield Fact(kind=FactKind.event, value=", ".join(filter(None, (when, where))), label=name)
    yield from (_offers(item, name) if "offers" in item else ())
