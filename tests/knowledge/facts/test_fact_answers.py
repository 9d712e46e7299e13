"""Visitors get contact data and opening hours from the site's footer, with the page that states them."""

import pytest

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind
from tests.knowledge.answer_material import EMBEDDER, READER, ask
from tests.knowledge.facts.fact_sites import build_site
from tests.knowledge.material import SITE, count

PROSE = (
    "<p>We have repaired and sold winches in Lowport since 1987, and our six mechanics answer questions in person. "
    "This page explains how our workshop handles the matter in daily practice, so that every customer knows what to "
    "expect before an order is placed with us.</p>"
) * 2
FOOTER = """<footer><h4>Visit us</h4><address>12 Quay Street<br>Lowport LP1 2AB</address>
<h4>Call us</h4><p>Phone <a href="tel:+441234555777">01234 555 777</a></p><p>yard@harbour.example</p>
<h4>Opening hours</h4><p>Monday to Friday 8:30–17:00<br>Saturday 9:00–12:00<br>Closed on public holidays</p>
<p>Free shipping over 50 €. We accept Visa and PayPal.</p><p>Harbour Tools Ltd. VAT No. GB123456789</p></footer>"""
FUSS = """<footer><h4>Adresse</h4><p>Hafenstraße 7<br>24103 Kiel</p><h4>Kontakt</h4><p>Tel. 0431 123456<br>
info@hafen.example</p><h4>Öffnungszeiten</h4><p>Mo–Fr 8.30–17 Uhr<br>Sa 9–12 Uhr<br>So geschlossen</p></footer>"""


def page(title: str, text: str, footer: str = FOOTER, lang: str = "en") -> str:
    """A page of the site."""
    return (
        f"<html lang={lang}><head><title>{title}</title></head><body><header><a href=/>Harbour Tools</a></header>"
        f"<main><h1>{title}</h1>{text}</main>{footer}</body></html>"
    )


ENGLISH = {
    "/": page("Welcome to Harbour Tools", PROSE),
    "/winches": page("Winches", "<p>Our electric winches lift up to four hundred kilograms with ease.</p>" + PROSE),
    "/history": page(
        "History", "<p>The yard was built by Ada Merrow after the great storm of the year 1890.</p>" + PROSE
    ),
}
GERMAN = {
    "/": page("Willkommen bei Hafenwerkzeug", "<p>Wir reparieren und verkaufen Winden seit 1987.</p>" * 3, FUSS, "de"),
    "/winden": page("Winden", "<p>Unsere elektrischen Winden heben bis zu vierhundert Kilogramm.</p>" * 3, FUSS, "de"),
}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("phone?", "01234 555 777"),
        ("What is your phone number?", "01234 555 777"),
        ("How can I contact you?", "01234 555 777"),
        ("How do I get in touch?", "yard@harbour.example"),
        ("Where are you?", "12 Quay Street"),
        ("What is your email address?", "yard@harbour.example"),
        ("What is your address?", "12 Quay Street"),
        ("When are you open?", "8:30"),
        ("What are your opening hours?", "8:30"),
        ("Are you open on Saturday?", "9:00"),
        ("open on saturday?", "9:00"),
        ("Are you open on Wednesday?", "08:30"),
        ("Do you take PayPal?", "PayPal"),
        ("Is shipping free?", "over 50 €"),
    ],
)
async def test_a_question_for_a_fact_is_answered(
    pool: Pool, english: AnsweringSite, question: str, answer: str
) -> None:
    """From the footer, citing the page that states it."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), english, question)
    assert answer in seen.text
    assert seen.reply.kind is AnswerKind.extractive
    assert seen.paths[0] == "/"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Telefonnummer?", "0431 123456"),
        ("Wie ist die E-Mail-Adresse?", "info@hafen.example"),
        ("Was sind die Öffnungszeiten am Mittwoch?", "08:30"),
    ],
)
async def test_facts_are_told_in_the_sites_language(
    pool: Pool, german: AnsweringSite, question: str, answer: str
) -> None:
    """Headings, labels and days."""
    assert answer in (await ask(Answerer(pool, EMBEDDER, None, READER), german, question)).text


async def test_a_fact_of_every_page_is_a_passage_once(pool: Pool, english: AnsweringSite) -> None:
    """The footer's number is in the knowledge once, not once a page."""
    assert (
        await count(
            pool,
            "SELECT count(*) FROM knowledge_chunks JOIN widgets ON active_job_id = job_id"
            " WHERE widgets.id = %s AND text LIKE %s",
            english.widget_id,
            "%01234 555 777%",
        )
        == 1
    )


@pytest.mark.parametrize(("path", "title"), [("/dealers", "Find a dealer"), ("/buy", "Where to buy")])
async def test_the_sites_hours_and_number_come_before_its_dealers(pool: Pool, path: str, title: str) -> None:
    """They stand on their page, where a visitor finds them by the dealer's name."""
    dealers = (
        "<h2>Lake Garden, Annecy</h2>"
        "<p>3 rue des Marais. Tel. +33 4 50 55 01 08. Open Monday to Friday, 9:00–19:00.</p>"
    )
    await READER.load()
    job = await build_site(pool, EMBEDDER, ENGLISH | {path: page(title, dealers + PROSE)})
    site = AnsweringSite(widget_id=job.widget_id, name="Harbour Tools", url=f"{SITE}/", language="en")
    answerer = Answerer(pool, EMBEDDER, None, READER)

    for question, told, others in (("What are your opening hours?", "8:30", "19:00"), ("phone?", "01234", "+33")):
        seen = await ask(answerer, site, question)
        assert told in seen.text.partition(others)[0]
        assert seen.paths[0] == "/"
    assert "19:00" in (await ask(answerer, site, "When is Lake Garden in Annecy open?")).text


@pytest.fixture
async def english(pool: Pool) -> AnsweringSite:
    """An English site whose facts are in its footer."""
    await READER.load()
    job = await build_site(pool, EMBEDDER, ENGLISH)
    return AnsweringSite(widget_id=job.widget_id, name="Harbour Tools", url=f"{SITE}/", language="en")


@pytest.fixture
async def german(pool: Pool) -> AnsweringSite:
    """A German one."""
    await READER.load()
    job = await build_site(pool, EMBEDDER, GERMAN)
    return AnsweringSite(widget_id=job.widget_id, name="Hafenwerkzeug", url=f"{SITE}/", language="de")
