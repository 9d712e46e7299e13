"""Facts as passages: lists of statements below a heading such as "Contact", in the language of the page.

They are ordinary chunks of the page that states the facts: embedded, searched and quoted like all others.
"""

import re
from collections.abc import Iterator, Sequence

from tasks.core.facts import Fact, FactKind
from tasks.core.models import Chunk
from tasks.knowledge.embedding.tokens import Tokenizer
from tasks.knowledge.facts.fact_phrases import FactPhrases, fact_phrases
from tasks.knowledge.indexing.chunks import embedding_text, text_hash

FACT_POSITION = 1_000_000
"""Position in its page from which a chunk is a passage of facts."""
MAX_TOKENS = 400
"""Tokens of a passage; further statements are in another one."""
MAX_LABEL = 60

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH")
_ENTRY = re.compile(
    r"^(?P<days>(?:(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)(?:\s?-\s?(?:Mo|Tu|We|Th|Fr|Sa|Su))?,?\s?)+)"
    r"(?P<times>off|\d\d?:\d\d\s?-\s?\d\d?:\d\d(?:,\s?\d\d?:\d\d\s?-\s?\d\d?:\d\d)*)$"
)
_PLAIN_LABEL = re.compile(
    r"^\W*(?:(?:our|the|unsere?|nos|nuestr[oa]s?|i nostri|onze|nasze)\s)?"
    r"(?:phones?|tel\w*|t[ée]l[ée]\w*|call(?: us)?(?: (?:at|on|now|today))?|mobile?|mail|e-?mails?"
    r"|contact\w*(?: us)?|kontakt\w*|address\w*|adress\w*|adres|fax"
    r"|(?:opening |business |office |store |our )?(?:hours|times)|öffnungszeiten|horaires?(?: d'ouverture)?"
    r"|horarios?|orari\w*|openingstijden|find us|visit us|get in touch"
    r"|write (?:to )?us|fon|mob|gsm|p|t|m|f|e|a|info\w*|location|where to find us|©|get started|home|welcome\w*)\W*$",
    re.IGNORECASE,
)
_HEADED = (("phone", FactKind.phone), ("email", FactKind.email), ("address", FactKind.address))
_NOTATION = re.compile(r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)\b[^\n]{0,30}(?:\d\d:\d\d|off)")
"""Hours that are written in the notation itself, as structured data does."""
_ESCAPED = re.compile(r"([\\`*_\[\]<>])")


def fact_chunks(facts: Sequence[Fact], title: str, language: str, tokenizer: Tokenizer) -> tuple[Chunk, ...]:
    """Return the passages of a page's facts."""
    chunks: list[Chunk] = []
    for heading, statements in _sections(facts, fact_phrases(language)):
        for text in _pack(statements, tokenizer):
            chunks.append(
                Chunk(
                    position=FACT_POSITION + len(chunks),
                    heading_path=(heading,),
                    text=f"## {heading}\n\n{text}",
                    token_count=tokenizer.count(text),
                    content_hash=text_hash(embedding_text(title, (heading,), f"## {heading}\n\n{text}")),
                )
            )
    return tuple(chunks)


def _pack(statements: Sequence[str], tokenizer: Tokenizer) -> Iterator[str]:
    packed, size = list[str](), 0
    for statement in dict.fromkeys(statements):
        tokens = tokenizer.count(statement) + 2
        if packed and size + tokens > MAX_TOKENS:
            yield "\n".join(packed)
            packed, size = [], 0
        packed.append(f"- {statement}")
        size += tokens
    if packed:
        yield "\n".join(packed)


def _sections(facts: Sequence[Fact], phrases: FactPhrases) -> Iterator[tuple[str, list[str]]]:
    """Yield headings with their statements."""
    by_kind = {kind: [fact for fact in facts if fact.kind is kind] for kind in FactKind}
    names = {fact.value.casefold() for fact in by_kind[FactKind.name]}
    contact = [
        _labelled(name, fact, names)
        for kind, name in (
            (FactKind.phone, phrases.phone),
            (FactKind.email, phrases.email),
            (FactKind.address, phrases.address),
            (FactKind.fax, phrases.fax),
        )
        for fact in by_kind[kind]
    ]
    if profiles := [fact.value for fact in by_kind[FactKind.social]]:
        contact.append(f"{phrases.profiles}: {', '.join(profiles)}")
    hours = [statement for fact in by_kind[FactKind.hours] for statement in _hours(fact, phrases, names)]
    company = [f"{phrases.legal_name}: {_escape(fact.value)}" for fact in by_kind[FactKind.legal_name]]
    company += [
        f"{_escape(fact.label) or phrases.registration}: {_escape(fact.value)}"
        for fact in by_kind[FactKind.registration]
    ]
    headed = [name for name, kind in _HEADED if by_kind[kind]]
    contact_heading = (
        f"{phrases.contact}: {', '.join(getattr(phrases, name) for name in headed)}" if headed else phrases.contact
    )
    sections = [
        (contact_heading, contact),
        (phrases.hours, hours),
        (phrases.company, company),
        (phrases.payment, [_escape(fact.value) for fact in by_kind[FactKind.payment]]),
        (phrases.shipping, [_escape(fact.value) for fact in by_kind[FactKind.shipping]]),
        (phrases.offer, [_priced(fact) for fact in by_kind[FactKind.offer]]),
        (phrases.event, [_priced(fact) for fact in by_kind[FactKind.event]]),
        (phrases.notice, [_escape(fact.value) for fact in by_kind[FactKind.notice]]),
    ]
    for heading, statements in sections:
        if statements:
            yield heading, statements


def _labelled(name: str, fact: Fact, names: set[str]) -> str:
    own = own_label(fact.label, names)
    return f"{name} ({own}): {_escape(fact.value)}" if own else f"{name}: {_escape(fact.value)}"


def own_label(label: str, names: set[str]) -> str:
    """Return the label if it says more than the kind of fact and the site's name: a branch, a department."""
    text = " ".join(label.split()).strip(" :.-–|")
    is_plain = not text or len(text) > MAX_LABEL or _PLAIN_LABEL.match(text) or text.casefold() in names
    return "" if is_plain or not re.search(r"[^\W\d_]{2}", text) else _escape(text)


def _priced(fact: Fact) -> str:
    return f"{_escape(fact.label)}: {_escape(fact.value)}" if fact.label else _escape(fact.value)


def _hours(fact: Fact, phrases: FactPhrases, names: set[str]) -> Iterator[str]:
    """Yield the hours as written, and a statement for each day: "Monday to Friday" means Tuesday."""
    label = own_label(fact.label, names)
    before = f"{label} – " if label else ""
    daily = list(_daily(fact.normal, phrases))
    if not daily or not _NOTATION.match(fact.value):
        yield from (before + _escape(line) for line in fact.value.splitlines())
    yield from (f"{before}{day}: {stated}" for day, stated in daily)


def _daily(normal: str, phrases: FactPhrases) -> Iterator[tuple[str, str]]:
    """Yield each day with its times, from OpenStreetMap's notation."""
    times: dict[int, list[str]] = {}
    for part in re.split(r"[;\n]", normal):
        if found := _ENTRY.match(part.strip()):
            for day in _days(found["days"]):
                times.setdefault(day, []).append(found["times"])
    for day, listed in sorted(times.items()):
        spans = [_span(span) for text in dict.fromkeys(listed) if text != "off" for span in text.split(",")]
        name = (*phrases.days, phrases.holidays)[day]
        yield name, f"{phrases.open} {', '.join(spans)}" if spans else phrases.closed


def _span(text: str) -> str:
    """Return a span as people read it: `18:00-26:00` ends at two in the morning."""
    start, _, end = text.strip().partition("-")
    hour, _, minute = end.strip().partition(":")
    return f"{start.strip()}–{int(hour) - 24 if int(hour) > 24 else int(hour):02}:{minute}"


def _days(text: str) -> Iterator[int]:
    for part in text.replace(" ", "").strip(",").split(","):
        first, _, last = part.partition("-")
        if not last:
            yield _DAYS.index(first)
            continue
        start, end = _DAYS.index(first), _DAYS.index(last)
        yield from (day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def _escape(text: str) -> str:
    """Return the text with Markdown's marks escaped, on one line."""
    return _ESCAPED.sub(r"\\\1", " ".join(text.split()))
