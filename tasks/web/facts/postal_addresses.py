"""Postal addresses in text: `address` elements, labelled lines, and lines with a street and a postal code."""

import re
from collections.abc import Iterator

from tasks.core.facts import Fact, FactKind
from tasks.core.month_names import MONTH_NAMES
from tasks.web.facts.page_lines import Line, PageText, labels_above

MAX_ADDRESS = 200
"""Characters of an address."""
MAX_LINE = 300
MAX_LOOSE = 140
"""Characters of a line without a postal code."""
MAX_ABOVE = 3
"""Lines above the town that may belong to the address."""
MAX_ADDRESSES = 30

_LABEL = re.compile(
    r"address|adresse|anschrift|dirección|direccion|indirizzo|endereço|adres\b|adress\b|osoite|adresa|адрес"
    r"|адреса|العنوان|כתובת|地址|住所|주소"
    r"|visit us|find us|location|where we are|standort|anfahrt|ubicación|dove siamo|sede|head ?office"
    r"|our office|direccíon|địa chỉ|διεύθυνση|\bcím\b|alamat|ที่อยู่|पता|آدرس",
    re.IGNORECASE,
)
_POSTAL = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"  # GB
    r"|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b"  # CA
    r"|\b[A-Z]{2}\.?,?\s+\d{5}(?:-\d{4})?\b"  # US
    r"|\b\d{4}\s?[A-Z]{2}\b\s+[A-ZÀ-Þ]"  # NL
    r"|\b\d{2}-\d{3}\b\s+[^\W\d_]|[^\W\d_]\s+\d{2}-\d{3}\b"  # PL
    r"|\b(?:[A-Z]{1,2}\s?[-–]\s?)?\d{4,5}(?:[-–]\d{3})?\s+(?:[A-ZÀ-ÞĀ-Ž][\w'’.-]+)"  # most of Europe, BR and PT
    r"|\b\d{3}\s\d{2}\s+[A-ZÀ-ÞĀ-Ž]"  # CZ, SE
    r"|\b[A-ZÀ-Þ][\w'’-]+,?\s(?:[A-Z]{2,3}\s)?\d{4,6}\b"  # town first: AU, IN
    r"|〒?\d{3}-\d{4}\b"
    r"|\b[A-Z]\d[\dW]\s?[A-Z\d]{4}\b"  # IE
    r"|(?<=, )\d{6}\b|\b\d{6}, [А-ЯЁ]"  # RU
    r"|\b\d{3}\s\d{2}\s+[Α-ΩΆ-Ώ]"  # GR
    r"|[A-Z][a-z]+\s?[-–]\s?\d{3}\s?\d{3}\b"  # IN
)
_DATE = re.compile(rf"\b(?:{'|'.join(MONTH_NAMES)})\b\.?,?\s+(?:\d{{1,2}},?\s+)?\d{{4}}\b", re.IGNORECASE)
"""Month and year, which look like a town and its postal code."""
_STREET = re.compile(
    r"\b\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?,?\s+(?:[^\W\d_][\w'’.-]*\s+){0,5}(?:street|st|road|rd"
    r"|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|place"
    r"|pl|square|sq|court|ct|highway|hwy|parkway|pkwy|close|terrace|quay|row|rue|chemin|allée|impasse|route"
    r"|quai|bis|place|cours|faubourg)\b"
    r"|(?:straße|strasse|strase|straat|weg|gasse|platz|plein|allee|laan|gatan|vägen|gade|gata|kade|ring|damm"
    r"|ufer|singel|katu|tie|stra[sß]+e|str\.)\s*\d"
    r"|\b(?:via|viale|piazza|corso|largo|vicolo|calle|c/|avenida|avda?\.?|av\.|plaza|paseo|rua|praça|travessa"
    r"|ul\.|ulica|aleja|al\.|ulice|rue|avenue|bd|boulevard"
    r"|ул\.?|улица|проспект|вул\.?|вулиця)\s+[^\d\n]{2,40}?,?\s*(?:n[°ºo.]?\s*)?\d"
    r"|(?:caddesi|sokak|cad\.|sok\.|mah\.)|\b(?:unit|suite)\s\d|\b(?:business|retail|industrial) (?:park|estate)\b"
    r"|〒\s?\d|[都道府県市区町村]\w{1,12}\d"
    r"|\b(?:plot|flat|door|shop|house|office|stall|level)\s(?:no\.?\s?)?#?\d|\b\d{1,2}(?:st|nd|rd|th)\s(?:floor|main|cross)\b"
    r"|\b\d{1,5}[a-z]?,?\s+(?-i:(?:[A-Z][\w'’.-]*\s+){1,4}(?:Yard|Mews|Wharf|Crescent|Gardens|Grove|Hill|Walk|Green"
    r"|Parade|Circus|Alley|View|Trail|Plaza|Buildings|Gate|Fields?|Rise|Mill|Park|Bridge|Market)\b)",
    re.IGNORECASE,
)
_STREET_NAMES = tuple(
    f" {kind}" for kind in ("Road", "Street", "Lane", "Avenue", "Drive", "Square", "Quay", "Terrace", "Way", "Row")
)
_HOUSE = re.compile(
    r"(?:The\s)?(?:[A-Z][\w'’&.-]*\s+){1,4}(?:Farm|House|Barn|Mill|Cottage|Hall|Court|Building|Centre|Center|Park|Studios?"
    r"|Works|Yard|Wharf|Lodge|Manor|Estate|Bakery|School|Church|Stables|Forge|Nursery),\s+"
    r"(?:[A-Z][\w'’.-]*\s+){1,3}(?:Road|Street|Lane|Avenue|Drive|Square|Quay|Terrace|Way|Row)\b"
)
"""A house with a name instead of a number."""
_HOUSE_NAME = re.compile(
    r"(?:[A-Z][\w'’&.-]*\s+){1,4}(?:Farm|House|Barn|Mill|Cottage|Hall|Court|Building|Lodge|Manor|Stables|Forge|Works)\b(?=,|$)"
)
_CLEAR_POSTAL = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b|\b[A-Z]\d[\dW]\s[A-Z\d]{4}\b"
)
"""Codes that nothing else looks like, of Great Britain, Canada and Ireland, where houses have names."""
_PART = re.compile(
    r"(?:(?:\d{1,2}(?:st|nd|rd|th)|ground|first|second|third|fourth|fifth|top)\sfloor|(?:unit|suite|flat|apartment|studio)\s#?\w{1,4})[,.]?",
    re.IGNORECASE,
)
"""A floor or unit, which is no address without its house."""
_LONE_STREET = re.compile(
    r"(?:[A-Z][\w'’.-]*\s+){1,3}(?:Road|Street|Lane|Avenue|Drive|Square|Quay|Terrace|Way|Row)[,.]?"
)
_TITLE = re.compile(r"(?:our |postal |shop |office )?address|(?:find|visit) us|where we are|location", re.IGNORECASE)
_US_TOWN = re.compile(r"[A-Z][A-Za-z .'-]{2,30},\s[A-Z]{2}\s\d{5}(?:-\d{4})?\.?")
_MAPS = "//maps.", "/maps", "geo:"
_SHORT_STREET = re.compile(
    r"(?<!\w)(?:[A-ZÀ-ÞĀ-ŽΑ-ΩΆ-ΏА-ЯЁ][\w'’.-]*\s+){1,4}\d{1,4}(?:/\d{1,4})?\s?[a-zA-Z]?(?:\s*[,·•|]\s*|\s[–-]\s)"
    r"(?:[A-Z]{1,2}\s?-\s?)?(?!(?:19|20)\d\d\b)\d{3,5}"
)
"""Street without its kind, directly before the postal code: "Am Markt 3 · A-5020 Salzburg"."""
_BOX = re.compile(r"\b(?:p\.?\s?o\.?\s?box|postfach|postbus|apartado|casella postale)\s+\d", re.IGNORECASE)
_NOT_ADDRESS = re.compile(r"@|https?:|\bwww\.|copyright|©|[$€£]\s?\d|\d\s?[€£]", re.IGNORECASE)
_COMMA = re.compile("[,،、]")
_MAY_HOLD = re.compile(r"\d[^\n]*")
_MAY_POSTAL = re.compile(r"\d(?:\d{3}|[A-Z]{2}\b|[A-Z]\s?\d|\d-\d{3}|\d\d[\s-]\d\d)")
_TIMES = re.compile(r"\d\s?[:.]\s?\d\d\b.{0,12}\d\s?[:.]\s?\d\d\b|\d\s?[ap]m\b", re.IGNORECASE)
_CONTACT_LINE = re.compile(r"(?:tel|phone|telefon|fax|e-?mail|mobile?|hours)\b\s*[.:]|@", re.IGNORECASE)


def find_addresses(page: PageText) -> Iterator[Fact]:
    """Yield the addresses as written, each on one line."""
    used: set[int] = set()
    found = 0
    lines = page.lines
    named = set(page.joined.containing(*_STREET_NAMES))
    for index in sorted({*page.joined.matching(_MAY_HOLD), *named}):
        line = lines[index]
        if index in used or found >= MAX_ADDRESSES:
            continue
        lines_used = (_read_named(lines, index) if index in named else []) or _read(lines, index)
        lines_used = _with_part(lines, lines_used)
        if lines_used and not used & set(lines_used):
            used.update(lines_used)
            texts = [_without_label(lines[at].text) for at in lines_used]
            value = ", ".join(text.strip(" ,;|\t").replace("\t", " ") for text in texts if text.strip(" ,;|\t"))
            if 8 <= len(value) <= MAX_ADDRESS and (index in named or any(char.isdigit() for char in value)):
                found += 1
                label = next((text for text in labels_above(lines, lines_used[0], 1) if text not in value), "")
                yield Fact(
                    kind=FactKind.address, value=value, label=label if len(label) <= 50 else "", place=line.region
                )
    yield from _mapped(page)


def _mapped(page: PageText) -> Iterator[Fact]:
    """Yield the addresses that links to a map have as their labels."""
    for line in page.containing(*_MAPS):
        for link in line.links:
            if any(mark in link.href for mark in _MAPS) and link.label not in line.text and _is_labelling(link.label):
                yield Fact(kind=FactKind.address, value=link.label, place=line.region)


def _is_labelling(label: str) -> bool:
    return len(label) <= MAX_ADDRESS and bool(_STREET.search(label) or _POSTAL.search(label) or _HOUSE.search(label))


def _read_named(lines: list[Line], index: int) -> list[int]:
    """Return the numbers of the lines of an address without house number."""
    line = lines[index]
    text = _without_label(line.text)
    above = next(labels_above(lines, index, 1), "")
    if len(text) <= MAX_LOOSE and _HOUSE.match(text):
        is_known = line.region != "main" or line.is_address or line.shows_icon("address") or _LABEL.search(above)
        if not is_known or _NOT_ADDRESS.search(text):
            return []
        used = _with_town(lines, index)
        # Without a number in the street, words below it may be anything.
        return used if _POSTAL.search(lines[used[-1]].text) else [index]
    if not _LONE_STREET.fullmatch(text) or not _TITLE.fullmatch(line.heading.strip(" :")):
        return []
    first = index
    if index and lines[index - 1].text and lines[index - 1].heading == line.heading and not lines[index - 1].is_heading:
        first = index - 1
    return [*range(first, index), *_with_town(lines, index)]


def _with_town(lines: list[Line], index: int) -> list[int]:
    """Return the number of a street's line, with that of the line after it if it is the town."""
    following = index + 1
    has_town = following < len(lines) and bool(lines[following].text) and _is_town(lines[following].text)
    return [index, following] if has_town else [index]


def _read(lines: list[Line], index: int) -> list[int]:
    """Return the numbers of the lines of an address that has its postal code or label on this line."""
    line = lines[index]
    text = line.text
    if len(text) > MAX_LINE or (_PART.fullmatch(text) and not line.is_address):
        return []
    body = _without_label(text)
    if line.is_address and (_POSTAL.search(body) or _STREET.search(body)):
        return _whole_element(lines, index)
    if len(body) > MAX_ADDRESS:
        return []
    has_postal = _MAY_POSTAL.search(body) is not None and _POSTAL.search(_DATE.sub(" ", body)) is not None
    if line.region == "main" and not has_postal and len(body) > MAX_LOOSE:
        return []
    is_labelled = (
        body != text
        or line.shows_icon("address")
        or any(len(label) <= 40 and _LABEL.search(label) for label in labels_above(lines, index, 1))
    )
    if line.region == "main" and not (has_postal or is_labelled):
        return []
    has_street = bool(_STREET.search(body) or _BOX.search(body) or (has_postal and _SHORT_STREET.search(body)))
    has_street = has_street or _is_named_house(body)
    if not (has_postal or has_street or _COMMA.search(body)):
        return []
    if _TIMES.search(body) or (_NOT_ADDRESS.search(body) and not has_street):
        return []
    if has_postal and (has_street or _US_TOWN.fullmatch(body)):
        return [*([] if has_street else _street_above(lines, index)), index]
    if has_postal and len(body) <= 80:
        above = _street_above(lines, index)
        if above or is_labelled:
            return [*above, index]
    if has_street and (is_labelled or (line.region != "main" and len(body) <= 120)):
        used = _with_town(lines, index)
        return used if len(used) > 1 or is_labelled or len(body) <= 100 else []
    if (
        is_labelled
        and re.search(r"\d", body)
        and re.search(r"[^\W\d_]{3}", body)
        and _COMMA.search(body)
        and len(body) <= MAX_LOOSE
    ):
        return [index] if not _CONTACT_LINE.search(body) else []
    return []


def _is_named_house(text: str) -> bool:
    """Whether the text has a house's name before a postal code that nothing else looks like."""
    if len(text) > MAX_LOOSE or _NOT_ADDRESS.search(text):
        return False
    return bool(_HOUSE_NAME.search(text) and _CLEAR_POSTAL.search(text))


def _with_part(lines: list[Line], used: list[int]) -> list[int]:
    """Return the numbers with that of the line above if it is the floor or unit."""
    above = used[0] - 1 if used else -1
    is_part = above >= 0 and lines[above].region == lines[used[0]].region and _PART.fullmatch(lines[above].text)
    return [above, *used] if is_part else used


def _is_town(text: str) -> bool:
    return (
        len(text) <= 60
        and bool(_POSTAL.search(text) or re.fullmatch(r"[A-ZÀ-Þ][\w'’ .,-]+", text))
        and not (_CONTACT_LINE.search(text))
    )


def _street_above(lines: list[Line], index: int) -> list[int]:
    for distance in range(1, MAX_ABOVE + 1):
        at = index - distance
        if at < 0 or lines[at].region != lines[index].region:
            return []
        text = lines[at].text
        if len(text) > 100 or _CONTACT_LINE.search(text):
            return []
        if _STREET.search(text) or _BOX.search(text) or re.search(r"[^\W\d_]{3,}\D*\s\d{1,4}\s?[a-z]?$", text):
            return list(range(at, index))
        if _CLEAR_POSTAL.search(lines[index].text) and _HOUSE_NAME.fullmatch(text.rstrip(",")):
            return list(range(at, index))
    return []


def _whole_element(lines: list[Line], index: int) -> list[int]:
    """Return the lines of the `address` element that are no telephone numbers, e-mail addresses or names."""
    first = last = index
    while first > 0 and lines[first - 1].is_address and index - first < 5:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].is_address and last - index < 5:
        last += 1
    chosen = [
        at
        for at in range(first, last + 1)
        if lines[at].text and not _CONTACT_LINE.search(lines[at].text) and not _is_phone_line(lines[at].text)
    ]
    return chosen if index in chosen else []


def _is_phone_line(text: str) -> bool:
    return len(re.findall(r"\d", text)) >= 7 and len(re.findall(r"[^\W\d_]", text)) <= 8


def _without_label(text: str) -> str:
    head, colon, rest = text.partition(":")
    return rest.strip() if colon and len(head) <= 40 and _LABEL.search(head) and rest.strip() else text
