"""Suggested questions: headings as a visitor would ask, in the site's language, none from a slogan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.suggestions.heading_questions import make_questions, refers_back
from tasks.knowledge.answering.suggestions.suggested_questions import SUGGESTIONS, read_suggestions
from tests.knowledge.answer_material import EMBEDDER, READER, ask, build_site
from tests.knowledge.material import ANY_TEXT

FAQ = (
    "Questions",
    "# Questions and answers\n\n## Is it safe for dogs?\n\nIt is: the probe carries no poison and no sharp edge.\n\n"
    "## How many probes do I need?\n\nOne for every kind of bed, so three to five probes for most gardens.\n\n"
    "## Still have questions?\n\nWrite to us.\n\n## Can I leave probes outside in winter?\n\n"
    "Yes, probes can stay outside in winter, down to −20 °C.",
)
HOME = (
    "Fernwater",
    "# Your garden, finally heard\n\nWe make sensors.\n\n## Three parts, one quiet system\n\nA probe and a hub.\n\n"
    "## Ready to start?\n\nOrder a kit.",
)
PRICES = ("Prices", "# Prices\n\nA probe costs €39. What the hub costs: €89. The tap costs €59.")
GUIDE = (
    "Guide",
    "# Clean The Sensor Head\n\nTo clean the sensor head, wipe the sensor head with a wet cloth. A sensor head that is "
    "clean measures well.",
)


@pytest.mark.parametrize(
    ("heading", "language", "question"),
    [
        ("How long does it last?", "en", "How long does it last?"),
        ("Pricing", "en", "What does it cost?"),
        ("Versand", "de-AT", "Wie läuft die Lieferung?"),
        ("Horaires d’ouverture", "fr", "Quels sont les horaires d’ouverture ?"),
        ("Quiénes somos", "es", "¿Quién está detrás de Acme?"),
        ("Clean your tap", "en", "How do I clean my tap?"),
        ("How to descale the boiler", "en", "How do I descale the boiler?"),
        ("Soil Sensors", "en", "What should I know about soil sensors?"),
        ("Bodensensoren im Winter", "de", "Was sollte ich über „Bodensensoren im Winter“ wissen?"),
        ("Capteurs de sol", "fr", "Que faut-il savoir sur « capteurs de sol » ?"),
        ("Wer ist Acme?", "de", "Wer ist Acme?"),
        ("保証期間は何年ですか？", "ja", "保証期間は何年ですか？"),
    ],
)
def test_a_heading_becomes_a_question(heading: str, language: str, question: str) -> None:
    """The site's own question unchanged; else the usual one, how to do it, or one about the topic."""
    first = next(iter(make_questions(heading, "Acme", language)))
    assert first.text(None if language.startswith("de") else {"acme"}) == question


@pytest.mark.parametrize(
    "heading",
    [
        "Three parts, one quiet system",
        "Your garden knows when it is thirsty",
        "Made for you",
        "Ready to start?",
        "Still have questions?",
        "Need help?",
        "Why us?",
        "What if?",
        "Overview",
        "Privacy policy",
        "sqlite3_open()",
        "Version 2.1",
        "NEW ARRIVALS",
        "Acme",
        "In production",
        "WHAT WE OFFER?",
        "How it works?",
        "How to order?",
        "Learn",
        "Community",
    ],
)
def test_a_heading_without_a_topic_makes_no_question(heading: str) -> None:
    """Slogans, questions to the visitor, generic headings, code, the site itself."""
    offers = [offer.text() for offer in make_questions(heading, "Acme", "en")]
    assert offers == []


def test_title_case_is_removed() -> None:
    """Names and words with inner capitals stay; a heading in lower case is unchanged."""
    assert (
        next(make_questions("Boolean Logic In Python Code", "Acme", "en"))
        .text({"python"})
        .endswith("boolean logic in Python code?")
    )
    assert (
        next(make_questions("SQLite As A File Format", "Acme", "en")).text(set()).endswith("SQLite as a file format?")
    )
    assert next(make_questions("The Leith workshop", "Acme", "en")).text({"leith"}).endswith("the Leith workshop?")


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Create the Tables", "How do I create the tables?"),
        ("Run The Application", "How do I run the application?"),
        ("Configure Your Secret Key", "How do I configure my secret key?"),
        ("Install Docker", "How do I install Docker?"),
        ("Install the Docker plugin", "How do I install the Docker plugin?"),
    ],
)
def test_title_case_is_removed_from_a_task(heading: str, question: str) -> None:
    """A single capital may be that of a name."""
    assert next(make_questions(heading, "Acme", "en")).text(set()) == question


def test_a_question_that_refers_back_is_recognized() -> None:
    """The referent of its pronoun is unknown."""
    assert refers_back("Is it close enough?")
    assert not refers_back("Is the probe safe?")


@given(heading=ANY_TEXT, language=st.sampled_from(["en", "de", "fr", "ja", "", "x-y", "zh-Hans"]))
def test_any_heading_makes_questions_or_none(heading: str, language: str) -> None:
    """Each ends as a question, without placeholders."""
    for offer in make_questions(heading, "Acme", language):
        assert offer.text(set()).rstrip().endswith(("?", "？", "؟"))
        assert "{topic}" not in offer.text()


async def test_suggestions_are_what_a_visitor_would_ask(pool: Pool) -> None:
    """First the site's own list, then the usual, then its topics; no slogan, and nothing asked of the visitor."""
    pages = {"/": HOME, "/faq": FAQ, "/prices": PRICES, "/guide": GUIDE}
    site = await build_site(pool, pages, name="Fernwater")
    answerer = Answerer(pool, EMBEDDER, None, READER)
    made = await read_suggestions(pool, answerer, site)
    assert len(made) == SUGGESTIONS
    assert set(made[:3]) == {
        "Is it safe for dogs?",
        "How many probes do I need?",
        "Can I leave probes outside in winter?",
    }
    assert made[3] in ("What does it cost?", "How do I clean the sensor head?")
    for question in made:
        assert (await ask(answerer, site, question)).reply.answered


@pytest.mark.parametrize("heading", ["Was wir bieten?", "Wie es funktioniert?", "Lernen"])
def test_a_german_statement_is_no_question(heading: str) -> None:
    """The verb comes second in a question."""
    assert list(make_questions(heading, "Acme", "de")) == []


def test_capitals_are_removed_from_a_question() -> None:
    """Names keep their first letter."""
    (offer,) = make_questions("WHERE DOES ACME SHIP?", "Acme", "en")
    assert offer.text({"acme"}) == "Where does Acme ship?"


async def test_a_question_without_a_right_short_answer_is_not_offered(pool: Pool) -> None:
    """Answered only by another question, by a long list, or in another section."""
    rules = "\n".join(
        f"- Rule {n}: when you water the garden, count the probes and write down number {n}." for n in range(30)
    )
    page = (
        "Help",
        "# Help\n\n## How do I water the garden?\n\nHow do I water the garden? Have you read the guide?\n\n"
        f"## What rules are there for probes?\n\n{rules}\n\n"
        "## How long does a probe last?\n\nA probe lasts for five years.",
    )
    site = await build_site(pool, {"/help": page}, name="Fernwater")
    assert await read_suggestions(pool, Answerer(pool, EMBEDDER, None), site) == ["How long does a probe last?"]
