"""Answers, extractive and generated: correct, from the right page, with valid references, or a refusal."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import settings as examples

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import (
    EMBEDDER,
    READER,
    ask,
    build_site,
    check_references,
    model_at,
    references,
    turn,
)
from tests.knowledge.material import ANY_TEXT
from tests.sites.openai_server import OpenAIServer

ANSWERED = [
    ("How long do parcels take to arrive?", "/shipping", "two working days"),
    ("What does shipping to Norway cost?", "/shipping", "€14"),
    ("Within how many days can I return something?", "/returns", "30 days"),
    ("How much is the Grande?", "/machines", "€1,150"),
    ("How do I remove limescale?", "/machines", "citric acid"),
    ("Who founded the roastery?", "/about", "Ines Okafor"),
    ("When are the beans roasted?", "/roasting", "Tuesday"),
]
NOT_ANSWERED = [
    "Do you sell tea?",
    "Who is the mayor of London?",
    "How do I install a printer driver?",
    "What is the phone number of the workshop?",
    "Is there a loyalty programme?",
]


@pytest.fixture(params=["extractive", "by words alone", "generated"])
async def answerer(
    request: pytest.FixtureRequest, pool: Pool, openai: OpenAIServer, settings: MakeSettings
) -> AsyncIterator[Answerer]:
    """An extractive answerer, one without the sentence model, and a generating one: one contract."""
    if request.param != "generated":
        yield Answerer(pool, EMBEDDER, None, READER if request.param == "extractive" else None)
        return
    async with model_at(openai, settings) as model:
        await model.warm_up()
        yield Answerer(pool, EMBEDDER, model, READER)


@pytest.mark.parametrize(("question", "path", "words"), ANSWERED)
async def test_a_question_is_answered_from_the_page_that_says_it(
    answerer: Answerer, shop: AnsweringSite, question: str, path: str, words: str
) -> None:
    """In words of that page, with a reference to it that opens it there."""
    seen = await ask(answerer, shop, question)
    assert words in seen.text
    assert path in seen.paths
    assert seen.reply.answered
    assert references(seen.text)
    check_references(seen)
    assert all(citation.deep_link.startswith(citation.url) for citation in seen.citations)


@pytest.mark.parametrize("question", NOT_ANSWERED)
async def test_a_question_the_site_does_not_answer_is_refused(
    answerer: Answerer, shop: AnsweringSite, question: str
) -> None:
    """With the nearest pages, each once, and no reference in the text."""
    seen = await ask(answerer, shop, question)
    assert not seen.reply.answered
    assert seen.text == "This site does not say. The nearest pages may still help you."
    assert len(seen.paths) == len(set(seen.paths)) == 3


async def test_a_question_about_a_place_that_the_site_does_not_name_stays_unanswered(
    answerer: Answerer, shop: AnsweringSite
) -> None:
    """Although another place is named: at most it comes near."""
    assert not (await ask(answerer, shop, "What does shipping to Japan cost?")).reply.answered


async def test_a_statement_that_comes_near_is_quoted_with_a_reservation(pool: Pool, shop: AnsweringSite) -> None:
    """Nothing is said of Japan, but of Norway; it counts as unanswered, and the quote's page is cited first."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), shop, "What does shipping to Japan cost?")
    assert (seen.reply.answered, seen.reply.is_near, seen.reply.kind) == (False, True, AnswerKind.refusal)
    assert seen.text.startswith("I'm not sure that this answers your question")
    assert "Shipping to Norway costs €14. [1]" in seen.text
    assert {n for _, n in references(seen.text)} == {1}
    assert seen.paths[0] == "/shipping"
    assert len(seen.paths) == len(set(seen.paths)) == 3


async def test_the_owners_text_for_questions_without_an_answer_follows_a_near_statement(
    pool: Pool, shop: AnsweringSite
) -> None:
    """It may be the way to a person."""
    site = shop.model_copy(update={"not_found": "Please ring us."})
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), site, "What does shipping to Japan cost?")
    assert seen.text.startswith("I'm not sure")
    assert seen.text.endswith("\n\nPlease ring us.")


async def test_an_answer_is_in_the_visitors_language(answerer: Answerer, shop: AnsweringSite) -> None:
    """The refusal in German, French, Arabic; the site's language for a word that could be of any."""
    for question, beginning in (
        ("Wie wird morgen das Wetter in München?", "Dazu sagt"),
        ("Où est-ce que je peux acheter une voiture rouge ?", "Ce site ne le dit pas"),
        ("أين يمكنني شراء سيارة حمراء؟", ("لا يذكر هذا الموقع", "لست متأكدًا")),
        ("PRAGMA journal_mode", "This site does not say"),
    ):
        assert (await ask(answerer, shop, question)).text.startswith(beginning)


async def test_quotes_in_another_language_are_introduced_in_the_visitors(pool: Pool, shop: AnsweringSite) -> None:
    """The quotes stay in the site's language."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), shop, "Was kostet das shipping nach Norway?")
    assert seen.text.startswith("Das sagt die Website, in ihrer eigenen Sprache:\n\n")
    assert "Shipping to Norway costs €14." in seen.text


async def test_a_follow_up_refers_to_the_previous_question(
    answerer: Answerer, openai: OpenAIServer, shop: AnsweringSite
) -> None:
    """The words of the conversation are searched too."""
    first = await ask(answerer, shop, "What does shipping to Norway cost?")
    openai.chat.then("Within the EU we charge €4.90 for each parcel [1].")
    second = await ask(answerer, shop, "And inside the EU?", turn(first))
    openai.chat.forget()
    assert "shipping" in second.reply.searched
    assert "€4.90" in second.text


@pytest.mark.parametrize(
    ("message", "beginning"),
    [
        ("Hello!", "Hello! I answer questions about Leith Roasters"),
        ("thank you very much :)", "You're welcome!"),
        ("Who are you?", "I'm the assistant of Leith Roasters"),
        ("Vielen Dank!", "Gern geschehen!"),
        ("merci beaucoup", "Je vous en prie"),
        ("bye", "Goodbye"),
    ],
)
async def test_small_talk_gets_a_fixed_phrase(
    answerer: Answerer, openai: OpenAIServer, shop: AnsweringSite, message: str, beginning: str
) -> None:
    """Without a search, without the model, without citations."""
    asked = len(openai.chat.asked)
    seen = await ask(answerer, shop, message)
    assert (seen.reply.kind, seen.citations) == (AnswerKind.small_talk, ())
    assert seen.text.startswith(beginning)
    assert len(openai.chat.asked) == asked


@pytest.mark.parametrize(
    "message",
    [
        "🌱💧👩‍👩‍👧",
        "كم تكلفة الشحن إلى النرويج؟",
        "\u202eshipping\u202c \u200b\ufeff cost",
        "'; DROP TABLE widgets; --",
        "<script>alert(1)</script>",
        "?!",
        "half an emoji \ud83d",
        "word " * 400,
        "漢字" * 500,
        "[1] [2](javascript:alert(1)) ![x](http://evil.example/x.png)",
    ],
)
async def test_an_odd_message_is_only_a_message(answerer: Answerer, shop: AnsweringSite, message: str) -> None:
    """Answered or refused like any other, and nothing of it is returned as markup."""
    seen = await ask(answerer, shop, message)
    assert seen.text
    assert "evil.example" not in seen.text
    assert "<script" not in seen.text


@given(message=ANY_TEXT.filter(lambda text: text.replace("\0", " ").strip()))
@examples(max_examples=25)
async def test_any_message_gets_an_answer(pool: Pool, shop: AnsweringSite, message: str) -> None:
    """Text with references that resolve to citations."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), shop, message)
    assert seen.text
    assert {n for _, n in references(seen.text)} <= {citation.n for citation in seen.citations}


async def test_another_widgets_passages_never_answer(answerer: Answerer, pool: Pool, shop: AnsweringSite) -> None:
    """The same question to a site that does not say it."""
    other = await build_site(pool, {"/": ("Bicycles", "We repair bicycles while you wait, for €30 an hour.")})
    seen = await ask(answerer, other, "What does shipping to Norway cost?")
    assert not seen.reply.answered
    assert "€14" not in seen.text
    assert seen.paths == ["/"]
