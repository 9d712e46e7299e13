"""Prices in text with the things they buy, and lines about payment, shipping and offers beside the content."""

import re
from collections.abc import Iterator

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.joined_lines import JoinedLines, marks_of
from tasks.web.facts.page_lines import Line, PageText

MAX_OFFERS = 150
MAX_SHORT_LINE = 120
"""Characters of a line that is quoted whole with its price."""
MAX_LABEL = 80
AROUND = 60
MIN_METHODS = 2
"""Pictured methods of payment that say that they are accepted."""
MIN_TERM, MAX_TERM = 12, 300
MIN_TERM_WORDS = 3
MAX_TERM_IN_MAIN = 160

_CURRENCY = (
    r"(?:US\$|A\$|C\$|R\$|[$€£¥₹₽₺₴₪₩฿₦₱₫₵]|\b(?:K[Ss]h|TSh|Rp|RM|SGD|HKD|NZD|SAR|QAR|THB|MYR|PHP|KES|NGN|(?-i:R(?=\s?[1-9]\d))|EUR|USD|GBP|CHF|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|INR|JPY|CNY|RUB"
    r"|UAH|TRY|BRL|ZAR|AED|Rs\.?|Fr\.)(?![a-z]))"
)
_AFTER = (
    r"(?:[€£$¥₽₺₴₪₩₫円元]|(?:EUR|Euros?|USD|GBP|CHF|SEK|NOK|DKK|PLN|zł|Kč|kr|Ft|руб|грн|лв|lei|RON|TL|R\$|dollars?"
    r"|pounds?)(?![^\W_]))"
)
_AMOUNT = r"\d(?:[\d .,'’]*\d)?(?:\s?[,.]?[-–—]{1,2}(?!\s?\d))?"
PRICE = re.compile(
    rf"(?<![\w.,])(?:{_CURRENCY}\s?{_AMOUNT}(?:\s?[kKmM]\b)?"
    rf"|{_AMOUNT}\s?{_AFTER}|\d[\d .']*[,:.][-–—]+(?![\w-]|\s?\d))"
    rf"(?:\s?[-–]\s?(?:{_CURRENCY}\s?{_AMOUNT}|{_AMOUNT}\s?{_AFTER}))?"
    r"(?:\s?/\s?[^\W\d_]{1,10}\.?|\s?(?:per|pro|par|por|al|a|je)\s[^\W\d_]{2,12})?",
    re.IGNORECASE,
)
_MAY_PRICE = (
    re.compile(r"[$€£¥₹₽₺₴₪₩฿₦₱₫₵円元]"),
    re.compile(r"[,:.][-–—](?<=\d[,:.][-–—])"),
    re.compile(
        r"\d\s?(?:EUR|[Ee]uro|USD|GBP|CHF|SEK|NOK|DKK|PLN|zł|Kč|kr|Ft|руб|грн|лв|lei|RON|TL"
        r"|dollars?|pounds?)(?![^\W_])"
    ),
    re.compile(r"(?:EUR|USD|GBP|CHF|AUD|CAD|SEK|NOK|DKK|PLN|CZK|INR|ZAR|AED|Rs|Fr|R)\.?\s?\d"),
)
_RARE = "KSh", "Ksh", "TSh", "Rp", "RM", "SGD", "HKD", "NZD", "SAR", "QAR", "THB", "MYR", "PHP", "KES", "NGN"
"""Currencies that are sought as plain text: alternatives with many first letters are slow."""
_FREE = re.compile(
    r"(?<=\w)\s*[\t:–—-]\s*(?P<free>free(?: of charge)?|gratis|kostenlos|kostenfrei|frei|freier eintritt|gratuite?"
    r"|gratuit[io]|ingresso libero|za darmo|bezpłatnie|zdarma|ilmainen|бесплатно|無料)[.!]?(?=\n|$)",
    re.IGNORECASE,
)
"""The end of a line that says that a thing costs nothing."""
_FREE_MARKS = "free", "gratis", "gratuit", "kosten", "frei", "libero", "darmo", "zdarma", "ilmainen", "бесплат", "無料"
_SHIPPING = re.compile(
    r"shipping|deliver|dispatch|postage|versand|liefer|livraison|expédition|envío|envio|spedizion|consegna"
    r"|entrega|verzend|bezorg|levering|dostaw|wysyłk|frakt|leverans"
    r"|toimitus|doprava|kargo|доставк|شحن|משלוח|送料|配送|배송"
)
_PAYMENT = re.compile(
    r"\bpayments?\b|we accept|visa\b|mastercard|paypal|klarna|american express|amex\b|apple pay|google pay"
    r"|zahlung|bezahl|rechnung(?:skauf)?|lastschrift|paiement|\bpago\b|pagament|betaal|betaling"
    r"|płatno|betalning|maksu|platb|ödeme|оплат|支払|결제|sofortüberweisung|ideal\b|bancontact|bizum|credit card"
    r"|kreditkarte|carte bancaire|\bcash\b|barzahlung"
)
_TERMS = re.compile(
    r"returns?\b|refund|guarantee|warrant|money.back|rückgabe|widerruf|garantie|garanzia|garantía|devoluci"
    r"|retour|gwarancj|zwrot|free\b|gratis|kostenlos|gratuit|\boff\b|discount|rabatt|sale\b|code\b"
    r"|remise|descuento|sconto|korting|promo|% |closed|holiday|since\s\d|established|licensed|insured"
    r"|certified|member of|award"
)
_METHODS = re.compile(
    r"visa|master ?card|paypal|klarna|amex|american express|maestro|apple ?pay|google ?pay|discover|jcb"
    r"|diners|stripe|ideal|bancontact|giropay|sepa|twint|bitcoin",
    re.IGNORECASE,
)
_TERM_MARKS = tuple(mark for words in (_SHIPPING, _PAYMENT, _TERMS) for mark in marks_of(words))
_MAY_NAME_METHOD = re.compile(r"Visa|VISA|Master[Cc]ard|Pay[Pp]al|Klarna|Apple Pay|Google Pay|Bizum|iDEAL|Twint")
_MAY_PICTURE = ("apple", "visa", "master", "paypal", "klarna", "amex", "stripe", "bitcoin")
"""Methods of which one at least is among the pictured ones."""
_ICON = re.compile(rf"(?:cc|payment|pay|card|icon)[-_ ]?({_METHODS.pattern})", re.IGNORECASE)


def find_offers(page: PageText) -> Iterator[Fact]:
    """Yield the prices in text, each with its line and the name of the thing, and things that are free."""
    for line in (page.lines[index] for index in page.lowered.containing(*_FREE_MARKS)):
        if len(line.text) <= MAX_SHORT_LINE and (free := _FREE.search(line.text)):
            label = line.text[: free.start()].replace("\t", " ").strip(" :.–-")
            normal = f"{label}: {free['free']}".casefold()
            yield Fact(kind=FactKind.offer, value=line.text.replace("\t", " "), normal=normal, place=line.region)
    count, lines = 0, page.lines
    for index in _priced(page):
        line = lines[index]
        text = line.text
        for found in PRICE.finditer(text):
            price = " ".join(found[0].split())
            label = _label(lines, index, found.start(), found.end())
            value = text.replace("\t", " ") if len(text) <= MAX_SHORT_LINE else _around(text, found)
            yield Fact(
                kind=FactKind.offer,
                value=value if price in value else price,
                label=label if label not in value else "",
                normal=f"{label}: {price}".casefold(),
                place=line.region,
            )
            count += 1
            if count >= MAX_OFFERS:
                return


def _priced(page: PageText) -> list[int]:
    """Return the numbers of the lines that may have a price."""
    return sorted({*page.joined.matching(*_MAY_PRICE), *page.joined.containing(*_RARE)})


def _label(lines: list[Line], index: int, start: int, end: int) -> str:
    """Return the name of the thing: the text before the price, else a line above, else the one below or the heading."""
    line = lines[index]
    before = line.text[:start].replace("\t", " ").strip(" :.–-|…_")
    if len(re.findall(r"[^\W\d_]", before)) > 3 and len(before) <= MAX_LABEL:
        return before
    for other in reversed(lines[max(0, index - 4) : index]):
        if 2 < len(other.text) <= MAX_LABEL and not PRICE.search(other.text) and re.search(r"[^\W\d_]{3}", other.text):
            return other.text if other.heading == line.heading or other.is_heading else line.heading
    return line.heading


def _around(text: str, found: re.Match[str]) -> str:
    """Return the sentence or part of the text with the price."""
    start = max(
        (
            text.rfind(mark, 0, found.start()) + len(mark)
            for mark in (". ", "! ", "? ", "; ", "\t")
            if mark in text[: found.start()]
        ),
        default=0,
    )
    ends = [at for mark in (". ", "! ", "? ", "; ", "\t") if (at := text.find(mark, found.end())) >= 0]
    return text[max(start, found.start() - 2 * AROUND) : min([*ends, found.end() + 2 * AROUND, len(text)])].strip()


def find_terms(page: PageText, taken: set[str]) -> Iterator[Fact]:
    """Yield lines about payment and shipping, and other announcements in headers, footers and asides.

    `taken` are the texts of lines that other facts quote.
    """
    if len(named := _pictured_methods(page)) >= MIN_METHODS:
        written = ", ".join(named)
        yield Fact(kind=FactKind.payment, value=written, normal=", ".join(sorted(named)).lower(), place="footer")
    priced = {*_priced(page), *page.joined.matching(_MAY_NAME_METHOD)}
    for index in sorted({*_announcing_lines(page), *priced}):
        line = page.lines[index]
        if not _may_be_term(line) or (text := line.text.replace("\t", " ")) in taken:
            continue
        kind = _term_kind(text, text.lower(), line.region)
        if kind and (index in priced or not line.is_linked):
            yield Fact(kind=kind, value=text, place=line.region)


def _announcing_lines(page: PageText) -> list[int]:
    """Return the numbers of the lines beside the content that have one of the words of terms in them."""
    beside = JoinedLines(page.beside.text.lower().split("\n"))
    return [index for index in beside.containing(*_TERM_MARKS) if len(page.lines[index].text) >= MIN_TERM]


def _may_be_term(line: Line) -> bool:
    text = line.text
    is_sized = len(text) <= MAX_TERM and len(text.split()) >= MIN_TERM_WORDS
    return is_sized and not line.is_heading and "©" not in text


def _term_kind(text: str, lowered: str, region: str) -> FactKind | None:
    if region == "main" and len(text) > MAX_TERM_IN_MAIN:
        return None
    if _SHIPPING.search(lowered):
        return FactKind.shipping
    if _PAYMENT.search(lowered) and (region != "main" or _METHODS.search(text)):
        return FactKind.payment
    return (
        FactKind.notice
        if region in ("header", "footer", "aside") and (_TERMS.search(lowered) or PRICE.search(text))
        else None
    )


def _pictured_methods(page: PageText) -> list[str]:
    """Return the methods of payment that pictures and icons name."""
    sources = page.sources.text.lower()
    if not any(method in sources for method in _MAY_PICTURE):
        return []
    named: dict[str, None] = {}
    for line in page.containing('alt="', "cc", "pay", "card", "icon"):
        for alt in line.alts:
            if len(alt) <= MAX_LABEL and (found := _METHODS.search(alt)):
                named[_spell(found[0])] = None
        if ("isa" in line.source or "ay" in line.source) and (found := _ICON.search(line.names)):
            named[_spell(found[1])] = None
    return list(named)


def _spell(method: str) -> str:
    known = {
        "paypal": "PayPal",
        "mastercard": "Mastercard",
        "master card": "Mastercard",
        "amex": "American Express",
        "ideal": "iDEAL",
        "jcb": "JCB",
        "sepa": "SEPA",
    }
    return known.get(method.lower(), method.title())
