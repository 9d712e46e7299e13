"""Telephone numbers in links and text, as written and in E.164."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.page_lines import Line, PageText, labels_above

MIN_DIGITS, MAX_DIGITS = 7, 15
MIN_LABELLED_DIGITS = 5
MAX_LABEL = 60
"""Characters before a number that may be its label."""

_CANDIDATE = re.compile(
    r"(?<![\w-])1?[-. ]?8\d\d[-. ](?:[A-Z]{3,8}(?:[-. ][A-Z0-9]{2,8})?|[A-Z]{2}[-. ][A-Z]{4,6})\b"
    r"|(?<![\w@/#=.,:€$£-])(?:\+|00(?=\d))?\s?[(\[]?\+?\d[\d\s().\[\]/\-–‑−·xX*]{3,28}[\dxX*](?![\w@€£$%]"
    r"|[.,:]\d|\s?(?:€|£|\$|%|EUR|USD))"
)
_CALLING = ('"tel:', "hatsapp", "wa.me/", "callto:", '"sms:', "viber:")
"""Parts of links that call."""
_CHAT = re.compile(
    r"(?:https?:)?//(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?(?:.*&)?phone=)\+?(\d{7,15})"
    r"|viber://\w+\?number=\+?(\d{7,15})"
)
_MAY_HOLD = re.compile(r"\d(?:(?:[^\w\n]{0,4}[\dxX*]){4}|\d\d[-. ][A-Z]{2})")
_STREET_FOLLOWS = re.compile(r"\s?[^\W\d_]{2}")
_TWO = re.compile(r"(\d[\d\s().-]{6,20})\s[/|•·]\s(?=[+(]?\d[\d\s().-]{6})")
_EXTENSION = re.compile(r"\s*(?:ext\.?|extension|x|durchwahl|dw|poste|int\.)\s?:?\s?(\d{1,5})", re.IGNORECASE)
_PHONE = re.compile(
    r"phone|\btel\b|\btel[.:]|\btél|telef|telép|teléf|\bmob(?:ile|il)?\b|\bcell\b|\bcall\b|\bfon\b|\bfono\b"
    r"|hotline|ruf|handy|\bgsm\b"
    r"|whats\s?app|\bsms\b|\btext us\b"
    r"|(?<![\w.])[tpm]\s?[:.]\s*$|\bph\b|puhelin|movil|móvil|celular|portable|llám|appel|chiama|\bbel\b"
    r"|\bring\b|\bzadzwo|komórk|\bkom\.|тел|моб|звон|telefon|☎|📞|☏|✆|电话|電話|전화|هاتف|טלפון|contact us|toll.?free"
    r"|emergency|notdienst|\bsupport\b",
    re.IGNORECASE,
)
_FAX = re.compile(r"fax|télécopie|факс|传真|ファックス|\bf\s?:", re.IGNORECASE)
_CONTACT = re.compile(
    r"contact|kontakt|contac|contatt|find us|visit us|get in touch|reach us|address|adres|adress|dirección"
    r"|indirizzo|location|impressum"
    r"|appointment|booking|reserv|enquir|inquir|office|branch|headquarter|info",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"iban|bic\b|p\.?\s?iva|partita|isbn|issn|\bvat\b|ust|steuer|tax|siren|siret|\bkvk\b|\bbtw\b|p\.?\s?iva"
    r"|\bnif\b|\bcif\b|\bnip\b|regon|\bkrs\b|\bhrb?\b|handels|regist"
    r"|company n|reg\.? n|\babn\b|\bacn\b|\bsku\b|item n|article|artikel|order|bestell|\bref\b|licen[cs]e"
    r"|konto|account|\bein\b|\bduns\b|\bgln\b"
    r"|version|\bid\b|\bino?n\b|огрн|инн|\bwidth|height|latitude|longitude|geo|©|copyright|\bc\)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^\D*(?:\d{4}[-/.–]\d{1,2}[-/.–]\d{1,2}|\d{1,2}[-/.–]\d{1,2}[-/.–](?:19|20)?\d\d|(?:19"
    r"|20)\d\d\s?[-–/]\s?(?:(?:19|20)?\d\d))\D*$"
)
_GROUPED = re.compile(r"^\d{1,3}(?:[ .]\d{3}){1,3}$")
_COUNTRY_BY_LANGUAGE = {
    name: name.upper() for name in ("de", "fr", "es", "it", "nl", "pl", "fi", "tr", "ru", "pt", "no")
} | {
    "sv": "SE",
    "da": "DK",
    "cs": "CZ",
    "uk": "UA",
    "ja": "JP",
    "ko": "KR",
    "zh": "CN",
    "he": "IL",
    "ar": "SA",
    "en": "US",
}
_TOP_LEVEL = {
    "uk": "GB",
    "eu": "",
    "io": "",
    "co": "",
    "me": "",
    "tv": "",
    "ai": "",
    "cc": "",
    "ws": "",
    "fm": "",
    "ly": "",
    "to": "",
}


def find_country(host: str, language: str, declared: str = "") -> str:
    """Return the country whose form local numbers have: as declared, by top-level domain, or by language."""
    if len(declared) == 2 and declared.isalpha():
        return "GB" if declared.upper() == "UK" else declared.upper()
    top = host.rpartition(".")[2].lower()
    if (
        len(top) == 2
        and top.isalpha()
        and (country := _TOP_LEVEL.get(top, top.upper())) in phonenumbers.SUPPORTED_REGIONS
    ):
        return country
    primary, _, region = language.replace("_", "-").partition("-")
    if len(region) == 2 and region.upper() in phonenumbers.SUPPORTED_REGIONS:
        return region.upper()
    return _COUNTRY_BY_LANGUAGE.get(primary.lower(), "")


def find_phones(page: PageText, country: str) -> Iterator[Fact]:
    """Yield the numbers of links and of text that looks like a telephone number."""
    for line in page.containing(*_CALLING):
        for link in line.links:
            if number := _linked_number(link.href):
                written = _written_like(line.text, number) or _written_like(link.label, number) or number
                yield _fact(FactKind.phone, written, number, country, _own_label(line, written), line.region)
    for index in page.joined.matching(_MAY_HOLD):
        yield from _in_text(page.lines, index, country)


def _linked_number(href: str) -> str:
    """Return the number of a `tel:` or WhatsApp link."""
    scheme, _, rest = href.partition(":")
    if scheme.lower() in ("tel", "callto", "sms"):
        number = unquote(rest).strip("/ ").split("?")[0]
        return number if sum(char.isalnum() for char in number) >= 3 and any(char.isdigit() for char in number) else ""
    found = _CHAT.match(unquote(href))
    return f"+{found[1] or found[2]}" if found else ""


def _written_like(text: str, number: str) -> str:
    """Return the part of the text that is the same number as written for readers."""
    digits = _digits(number)
    for found in _CANDIDATE.finditer(text):
        own = _digits(found[0])
        if own and (own == digits or own.lstrip("0")[-7:] == digits[-7:]):
            return found[0].strip(" .-–/·")
    return ""


def _in_text(lines: list[Line], index: int, country: str) -> Iterator[Fact]:
    line = lines[index]
    end = 0
    kind: FactKind | None = None
    # "030 427 26 27 / 030 42 01 01 10" are two numbers, "030/427 26 27" is one.
    text = _TWO.sub(r"\1 ¦ ", line.text)
    for found in _CANDIDATE.finditer(text):
        number = _trim(found[0])
        before = text[max(end, found.start() - MAX_LABEL) : found.start()]
        kind = _kind(lines, index, before, number, country, kind if _is_list(before) else None)
        end = found.end()
        if kind is None:
            continue
        if _STREET_FOLLOWS.match(text, found.end()):
            number = _without_house_number(number, country)
        if extension := _EXTENSION.match(text, found.end()):
            number += extension[0]
        yield _fact(kind, number, number, country, _own_label(line, number), line.region)


def _trim(text: str) -> str:
    text = text.strip(" .-–/·*\t")
    if text.count("(") != text.count(")"):
        text = text.strip("()") if text.count("(") + text.count(")") == 1 else text
    return text


def _without_house_number(number: str, country: str) -> str:
    """Return the number without a last group that only makes it invalid: "01234 555777 12" before "Quay Street"."""
    shorter, _, last = number.rpartition(" ")
    is_separate = len(last) <= 3 and last.isdigit() and len(_digits(shorter)) >= MIN_DIGITS
    return shorter if is_separate and not _is_valid(number, country) and _is_valid(shorter, country) else number


def _is_list(before: str) -> bool:
    """Whether the text between two numbers only joins them."""
    return len(before.strip()) <= 4


def _kind(
    lines: list[Line], index: int, before: str, number: str, country: str, previous: FactKind | None
) -> FactKind | None:
    """Return whether the number is a telephone's or a fax's; None if it is something else."""
    line, digits = lines[index], _digits(number)
    is_vanity = any(char.isalpha() and char not in "xX" for char in number)
    if is_vanity:
        return FactKind.phone
    if not MIN_LABELLED_DIGITS <= len(digits) + number.lower().count("x") <= MAX_DIGITS + 1 or _DATE.match(number):
        return None
    labels = [before, *labels_above(lines, index, 1)]
    near = labels[1] if len(labels) > 1 and len(before.strip()) <= 2 else ""
    if _OTHER_NUMBER.search(before) and not _PHONE.search(before):
        return None
    is_long = len(digits) >= MIN_DIGITS or "x" in number.lower()
    if _FAX.search(before) or (not _PHONE.search(before) and (_FAX.search(near) or line.shows_icon("fax"))):
        return FactKind.fax
    if _PHONE.search(before) and (is_long or re.search(r"\d\D{0,2}$|[:.]\s*$", before)):
        return FactKind.phone
    if previous is not None and is_long:
        return previous
    if not is_long:
        return None
    if _OTHER_NUMBER.search(near):
        return None
    if _PHONE.search(near) or line.shows_icon("phone"):
        return FactKind.phone
    return FactKind.phone if _looks_like_number(line, number, digits, country, labels) else None


def _looks_like_number(line: Line, number: str, digits: str, country: str, labels: list[str]) -> bool:
    """Whether a number without a label is a telephone's by its form and place."""
    if number.startswith(("+", "00")):
        return len(digits) >= 8
    if _GROUPED.match(number) or len(digits) < 8:
        return False
    is_alone = len(line.text) - len(number) <= 40
    in_place = line.region != "main" or line.is_address or any(_CONTACT.search(label) for label in labels)
    has_form = bool(re.search(r"\(\d{2,5}\)|\d[\s./–-]\d", number)) or digits.startswith("0")
    return is_alone and has_form and (in_place or _is_valid(number, country))


def _is_valid(number: str, country: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, country or None))
    except NumberParseException:
        return False


def _own_label(line: Line, number: str) -> str:
    """Return the text before the number on its line, if it is short: "Sales", "Telefon"."""
    before = line.text.partition(number)[0].replace("\t", " ").strip(" :.-–|/\t")
    return before if 0 < len(before) <= 40 and not any(char.isdigit() for char in before) else ""


def _fact(kind: FactKind, written: str, number: str, country: str, label: str, place: str) -> Fact:
    return Fact(kind=kind, value=" ".join(written.split()), normal=to_e164(number, country), label=label, place=place)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def to_e164(number: str, country: str) -> str:
    """Return the number in E.164; only its digits if it is no valid number of the country."""
    extension = _EXTENSION.search(number)
    plain = number[: extension.start()] if extension else number
    # "+44 (0) 20 …": the zero is dialled only within the country.
    plain = re.sub(r"^((?:\+|00)\d{1,3}\s?)[(\[]0[)\]]", r"\1", plain.strip())
    try:
        parsed = phonenumbers.parse(re.sub(r"^00", "+", plain), country or None)
    except NumberParseException:
        return _digits(plain)
    if not phonenumbers.is_valid_number(parsed) and not plain.startswith(("+", "00")):
        return _digits(plain)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return f"{written};ext={extension[1]}" if extension else written
