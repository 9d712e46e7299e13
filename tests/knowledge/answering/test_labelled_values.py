"""Labelled values: lines that answer without the question's words: prices, durations, sizes, hours, names, places."""

import pytest

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.evidence.statements import read_statements
from tasks.knowledge.answering.question.answer_types import find_answer_types, has_value
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind
from tests.knowledge.answer_material import EMBEDDER, READER, Seen, ask, build_site

PROBE = (
    "Garden Probe",
    "# Garden Probe\n\nA steel spear that measures how moist the soil is.\n\n€39\n\n## Specification\n\n"
    "| Property | Value |\n|---|---|\n| Measuring depth of the Probe | 12 cm |\n| Battery | 2 × AAA, 18 months |\n"
    "| Cable | grey, woven |\n| Weight | 86 g |",
)
CONTACT = (
    "Contact",
    "# Contact\n\nWrite to us, or come by.\n\n- Address: Millgate 4, Brackwater\n- Founder: Ines Okafor\n"
    "- Opening hours: Tuesday to Saturday, 10:00 to 17:00\n\n## Telephone\n\n"
    "Someone who knows the tools answers on +44 1555 0142 in the morning.\n\n- E-mail: mill@garden.example",
)


KIT = (
    "Starter kit",
    "# Starter kit\n\nOne Hub and three Probes, in a box made of larch.\n\n## Delivery\n\n"
    "Kits leave the mill on the day after the order and arrive in 2 to 4 working days. Delivery of the kit is free.\n\n"
    "Set it up in ten minutes",
)


@pytest.fixture(scope="module")
async def garden(pool: Pool) -> AnsweringSite:
    """A shop whose pages say most in lines of tables and lists."""
    about = ("About", "# About\n\nWe make tools for dry summers.")
    pages = {"/probe": PROBE, "/kit": KIT, "/contact": CONTACT, "/about": about}
    return await build_site(pool, pages, name="Garden")


async def ask_garden(pool: Pool, site: AnsweringSite, question: str) -> Seen:
    """The answer without a model of any kind: by words and values."""
    return await ask(Answerer(pool, EMBEDDER, None), site, question)


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("How long does the battery last?", "Battery · Value: 2 × AAA, 18 months"),
        ("How heavy is the Probe?", "Weight · Value: 86 g"),
        ("How deep does the Probe measure?", "Measuring depth of the Probe · Value: 12 cm"),
        ("How much does the Probe cost?", "€39"),
        ("Who is the founder?", "Ines Okafor"),
        ("When are you open?", "Tuesday to Saturday, 10:00 to 17:00"),
        ("What is your phone number?", "+44 1555 0142"),
        ("What is your email address?", "mill@garden.example"),
    ],
)
async def test_a_value_of_the_answer_type_answers(pool: Pool, garden: AnsweringSite, question: str, line: str) -> None:
    """First, and quoted as it stands."""
    seen = await ask_garden(pool, garden, question)
    assert seen.reply.kind is AnswerKind.extractive
    assert line in seen.text.split("[1]")[0]


async def test_a_sentence_with_a_value_under_a_heading_on_topic_answers(pool: Pool, garden: AnsweringSite) -> None:
    """Before one that only has the word, and before a line below that says how long something else takes."""
    seen = await ask_garden(pool, garden, "How long does delivery take?")
    assert "2 to 4 working days" in seen.text.split("[1]")[0]


@pytest.mark.parametrize(
    "question", ["How long does the cable last?", "How much does the battery weigh?", "How long does the flight take?"]
)
async def test_a_value_of_another_type_does_not_answer(pool: Pool, garden: AnsweringSite, question: str) -> None:
    """Of the cable the colour is given, of the battery how long it lasts, of flights nothing."""
    assert (await ask_garden(pool, garden, question)).reply.kind is AnswerKind.refusal


async def test_a_name_whose_label_is_one_word_of_the_question_does_not_answer_for_it(pool: Pool) -> None:
    """Everybody's legal name is below "Company"; its owner is somebody else."""
    pages = {"/contact": ("Contact", "# Contact\n\n- Company: Garden Instruments Ltd\n- Founder: Ines Okafor")}
    site = await build_site(pool, pages, name="Garden")
    answerer = Answerer(pool, EMBEDDER, None, READER)
    assert not (await ask(answerer, site, "Who owns the company?")).reply.answered
    assert "Ines Okafor" in (await ask(answerer, site, "Who is the founder?")).text


@pytest.mark.parametrize(
    ("question", "kind", "value", "other"),
    [
        ("How long does the battery last?", "duration", "18 months", "2 × AAA"),
        ("Wie lange hält der Akku?", "duration", "anderthalb bis zwei Jahre", "grau"),
        ("Combien de temps dure la batterie ?", "duration", "3 ans", "rouge"),
        ("¿Cuánto dura la batería?", "duration", "dos años", "rojo"),
        ("Quanto tempo dura la batteria?", "duration", "tre mesi", "rossa"),
        ("Hoe lang gaat de batterij mee?", "duration", "2 jaar", "rood"),
        ("What does the kit cost?", "price", "€179", "179"),
        ("Was kostet das Set?", "price", "1.290,00 €", "blau"),
        ("Combien coûte le kit ?", "price", "gratuit", "trois"),
        ("¿Cuánto cuesta?", "price", "20 EUR", "veinte"),
        ("Сколько стоит доставка?", "price", "500 ₽", "быстро"),
        ("How many probes fit?", "number", "twelve", "some"),
        ("How heavy is it?", "weight", "1.2 kg", "1.2 cm"),
        ("Wie hoch ist der Schrank?", "height", "180 cm", "180 kg"),
        ("How often should I water?", "frequency", "every two days", "in the morning"),
        ("Wann habt ihr geöffnet?", "time", "Montag bis Freitag", "gern"),
        ("À quelle heure ouvrez-vous ?", "time", "9h30", "bientôt"),
        ("Where is your workshop?", "place", "Millgate 4, Brackwater", "by the river"),
        ("Wie ist Ihre Telefonnummer?", "phone", "040 / 123 45 67", "2024-05-03"),
        ("Wer hat die Firma gegründet?", "person", "Ines Okafor", "die Familie"),
    ],
)
def test_the_answer_type_is_recognized(question: str, kind: str, value: str, other: str) -> None:
    """By the question's words, in several languages; and what is of that kind, by its looks."""
    kinds = find_answer_types(question)
    assert kind in {found.name for found in kinds}
    assert has_value(kinds, value)
    assert not has_value([found for found in kinds if found.name == kind], other)


@pytest.mark.parametrize("question", ["How do I open it?", "Can I send it back?", "Is it safe?", "", "🌱"])
def test_most_questions_have_no_answer_type(question: str) -> None:
    """They are answered by sentences."""
    assert find_answer_types(question) == ()


def test_lines_have_labels_and_values() -> None:
    """A row's first cell, and what stands before a colon; a sentence has none."""
    statements = read_statements("| a | b |\n|---|---|\n| Weight | 86 g |\n\n- Depth: 12 cm\n\nIt measures. See below:")
    assert [(line.label, line.value) for line in statements] == [
        ("Weight", "86 g"),
        ("Depth", "12 cm"),
        ("", ""),
        ("", ""),
    ]
