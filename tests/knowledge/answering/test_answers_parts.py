"""The parts of an answer: words, statements, markup, languages, follow-ups, the account of what was spent."""

import asyncio
import re
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tasks.core.database import Pool
from tasks.core.errors import InvalidSetting, TryLater
from tasks.core.models import Passage
from tasks.core.rates import Rate
from tasks.core.settings import load_settings
from tasks.knowledge.answering.evidence.statements import StatementKind, read_statements
from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.answering.generation.grounding import Grounding
from tasks.knowledge.answering.phrases import Phrase, languages, phrase
from tasks.knowledge.answering.prompt_injection import is_instruction
from tasks.knowledge.answering.question.follow_ups import resolve_follow_up
from tasks.knowledge.answering.question.language_detection import detect_language
from tasks.knowledge.answering.question.quantities import asks_for_number, has_number, without_measure
from tasks.knowledge.answering.question.small_talk import match_small_talk
from tasks.knowledge.answering.safe_markdown import escape_markdown, fence_code, make_link_check, sanitize_markdown
from tasks.knowledge.language.words import read_words, stems
from tasks.records.budgets import Budgets
from tests.conftest import MakeSettings
from tests.knowledge.material import ANY_TEXT

IS_OWN = make_link_check("https://example.com/")
HTML = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "The Probe's 3.11 snake_case and CamelCase",
            ["The", "Probe's", "3.11", "snake", "case", "and", "Camel", "Case"],
        ),
        ("sqlite3_open(1,150)", ["sqlite3", "open", "1,150"]),
        ("保証期間", ["保証", "証期", "期間"]),
        ("€4.90 — 20 %", ["4.90", "20"]),
        ("", []),
    ],
)
def test_words_are_read_as_visitors_mean_them(text: str, words: list[str]) -> None:
    """Names in code by their parts, numbers whole, writing without spaces in pairs."""
    assert list(read_words(text)) == words


def test_inflected_words_share_a_stem() -> None:
    """In the language given; in an unknown one only the case is folded."""
    assert stems("Batteries battery", "en")[0] == stems("battery", "en")[0]
    assert stems("Preise", "de") == stems("Preisen", "de")
    assert stems("Szépség", "xx") == ["szépség"]


def test_a_passage_is_read_as_statements() -> None:
    """Sentences, items, rows with their columns' names, code; headings stand above, markup is left out."""
    statements = read_statements(
        "# Prices\n\nIt costs **€12**, e.g. after frost. See [the list](https://x.y/z).\n\n"
        "| Plan | Price |\n|---|---|\n| Small | free |\n\n1. Hold.\n2. Wait.\n\n```\nx = 1\n```\n<b>Bold</b> words"
    )
    assert [(statement.kind, statement.text) for statement in statements] == [
        (StatementKind.sentence, "It costs €12, e.g. after frost."),
        (StatementKind.sentence, "See the list."),
        (StatementKind.row, "Plan: Small · Price: free"),
        (StatementKind.item, "Hold."),
        (StatementKind.item, "Wait."),
        (StatementKind.code, "x = 1"),
        (StatementKind.sentence, "Bold words"),
    ]
    assert {statement.heading for statement in statements} == {"Prices"}


@given(markdown=ANY_TEXT)
def test_any_text_is_read_as_statements(markdown: str) -> None:
    """Each has words, and no word that the text, with its marks or without them, does not have."""
    words = {word for text in (markdown, re.sub(r"[*~`\\]", "", markdown)) for word in stems(text, "xx")}
    for statement in read_statements(markdown):
        assert statement.text.strip()
        if statement.kind is not StatementKind.row:
            assert set(stems(statement.text, "xx")) <= words | {""} or "&" in markdown


@given(text=ANY_TEXT.map(lambda text: text.replace("\0", "")) | st.text("[]()!<>`*_\\abc :/.", max_size=60))
def test_escaped_text_makes_no_markup(text: str) -> None:
    """Whatever a page says: no link, no image, no HTML, when it is rendered as Markdown that allows them all."""
    html = HTML.renderInline(escape_markdown(" ".join(text.split())))
    assert not re.search(r"<(?!/?(?:code|em|strong)>)[a-z!/?]", html)


@given(
    text=st.text("[]()!<>`*_\\abc :/.\n\"'#", max_size=80),
    address=st.sampled_from(["http://evil.example/", "//evil.example/", "javascript:x"]),
)
@example(text="[`]()", address="//evil.example/")
@example(text="``![]() ``a", address="javascript:x")
@example(text="> [a]: //evil.example/", address="javascript:x")
@example(text="[`a`](//evil.example/)", address="javascript:x")
@example(text="[a [b [c]]](//evil.example/)", address="javascript:x")
def test_cleaned_text_leads_nowhere_else(text: str, address: str) -> None:
    """A model's Markdown, rendered: links to the site alone, no images, no HTML."""
    html = HTML.render(sanitize_markdown(f"{text} [a]({address}) {text} ![b]({address}) <{address}> {text}", IS_OWN))
    assert "<img" not in html
    for target in re.findall(r'href="([^"]*)"', html):
        assert target.startswith("https://example.com/")


def test_links_to_the_site_stay() -> None:
    """Others are shown as text; references stay."""
    assert sanitize_markdown("[Ours](https://example.com/a) [1]", IS_OWN) == "[Ours](https://example.com/a) [1]"
    assert sanitize_markdown("[Theirs](https://evil.example/a) [2]", IS_OWN) == "Theirs [2]"
    assert sanitize_markdown("[Ours?](https://example.com@evil.example/)", IS_OWN) == "Ours?"
    assert sanitize_markdown("[Ours?](//evil.example/)", IS_OWN) == "Ours?"


def test_code_stays_in_its_fence() -> None:
    """Also code that has fences in it."""
    assert fence_code("a\n```\nb").startswith("````\n")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long is the warranty?", "en"),
        ("Wie lange gilt die Garantie auf das Gerät?", "de"),
        ("Combien coûte la livraison ?", "fr"),
        ("¿Cuánto cuesta el envío?", "es"),
        ("كم مدة الضمان؟", "ar"),
        ("保証期間は何年ですか？", "ja"),
        ("Сколько стоит доставка?", "ru"),
        ("PRAGMA journal_mode", "it"),
        ("🌱", "it"),
    ],
)
def test_the_visitors_language_is_told(text: str, language: str) -> None:
    """Where it can be; else it is the site's."""
    assert detect_language(text, "it") == language


def test_every_phrase_is_there_in_every_language() -> None:
    """With the site's name, nothing left to fill in."""
    for language in languages():
        for which in Phrase:
            assert "{" not in phrase(which, language, "Acme")
        assert "Acme" in phrase(Phrase.hello, language, "Acme")
    assert phrase(Phrase.thanks, "de-AT", "Acme").startswith("Gern")


@pytest.mark.parametrize("message", ["Hi, what does it cost?", "Thanks, and the price?", "help me with a refund", ""])
def test_what_asks_something_is_no_small_talk(message: str) -> None:
    """Although it begins so."""
    assert match_small_talk(message) is None


@pytest.mark.parametrize(
    ("question", "before", "searched"),
    [
        ("And the Tap?", "How deep does the Probe measure?", "And the Tap? deep measure"),
        ("How much does it cost?", "What is the starter kit?", "How much does it cost? starter kit"),
        ("Und in Österreich?", "Was kostet der Versand?", "Und in Österreich? Versand"),
        ("What are the opening hours?", "How deep does the Probe measure?", "What are the opening hours?"),
        ("And the Tap?", None, "And the Tap?"),
    ],
)
def test_a_follow_up_is_written_out(question: str, before: str | None, searched: str) -> None:
    """With what it leans on; a question that stands by itself is left as it is."""
    assert resolve_follow_up(question, before, detect_language(question, "en")) == searched


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How much is it?", True),
        ("Wie lange dauert das?", True),
        ("Since when?", True),
        ("What does the plan cost?", True),
        ("How do I pair it?", False),
    ],
)
def test_questions_for_a_number_are_told(question: str, asks: bool) -> None:
    """By how they ask."""
    assert asks_for_number(question) is asks


def test_numbers_are_told_in_words_too() -> None:
    """And the measure asked for is not a word the answer must have."""
    assert has_number("within two working days")
    assert not has_number("as soon as we can")
    assert without_measure("How deep is the lake?").split() == ["is", "the", "lake?"]


def test_synonyms_are_near_and_others_are_not() -> None:
    """By the local model."""
    words = {word: word for word in ("price", "guarantee", "coffee", "mysql")}
    found = find_synonyms(["cost", "warranty", "tea", "postgresql"], words)
    assert [list(found[word]) for word in ("cost", "warranty", "tea", "postgresql")] == [
        ["price"],
        ["guarantee"],
        [],
        [],
    ]


def test_ordinary_sentences_are_no_orders() -> None:
    """What sites say of themselves, of rules and of their assistants."""
    for text in (
        "Follow these instructions to install the tap.",
        "Our assistant answers questions around the clock.",
        "You can ignore this setting unless you use a proxy.",
        "Print the label and stick it on the parcel.",
        "The system prompts for a password.",
        "Set the API key in the environment.",
        "For all assistants of the surgery there is free parking.",
    ):
        assert not is_instruction(text), text


def passage(text: str) -> Passage:
    """A passage that says this."""
    return Passage(url="https://example.com/", title="", heading="", text=text, similarity=1, deep_link="")


def test_a_sentence_is_carried_by_the_passage_that_says_it() -> None:
    """By most of its words and all of its numbers; the best passage first."""
    grounding = Grounding(
        [passage("Parcels arrive within 2 days."), passage("Returns are free for 30 days.")],
        "",
        "en",
        same_language=True,
    )
    assert grounding.supporting_passages("Parcels arrive in 2 days.") == [1]
    assert grounding.supporting_passages("Returns are free for 30 days.") == [2]
    assert grounding.supporting_passages("Returns are free for 60 days.") == []
    assert grounding.supporting_passages("Elephants never forget anything.") == []


def test_across_languages_the_numbers_must_hold() -> None:
    """Words cannot be compared."""
    grounding = Grounding([passage("Parcels arrive within 2 days.")], "", "en", same_language=False)
    assert grounding.supporting_passages("Pakete kommen nach 2 Tagen an.") == [1]
    assert grounding.supporting_passages("Pakete kommen nach 3 Tagen an.") == []


async def test_an_address_is_known_for_a_day_and_by_its_network(pool: Pool, settings: MakeSettings) -> None:
    """The same for one visitor, another for others; all processes agree."""
    first, second = Budgets(pool, settings()), Budgets(pool, settings())
    assert await first.pseudonymize("203.0.113.7") == await second.pseudonymize("203.0.113.7")
    assert await first.pseudonymize("203.0.113.7") != await first.pseudonymize("203.0.113.8")
    assert await first.pseudonymize("2001:db8:1:2::1") == await first.pseudonymize("2001:db8:1:2:ffff::9")
    assert await first.pseudonymize("2001:db8:1:2::1") != await first.pseudonymize("2001:db8:1:3::1")
    assert await first.pseudonymize("::ffff:203.0.113.7") == await first.pseudonymize("203.0.113.7")


async def test_what_was_not_used_is_given_back(pool: Pool, settings: MakeSettings) -> None:
    """All or nothing is reserved; then there is room again."""
    budgets, widget = Budgets(pool, settings(chat_widget_tokens=100)), uuid4()
    accounts = await budgets.reserve_tokens("somebody", widget, 80)
    with pytest.raises(TryLater) as caught:
        await budgets.reserve_tokens("somebody", widget, 30)
    assert caught.value.status == 429
    assert 0 < (caught.value.retry_after or 0) <= 86_400
    await budgets.refund(accounts, 60)
    await budgets.reserve_tokens("somebody", widget, 30)


async def test_questions_at_once_never_pass_the_rate(pool: Pool, settings: MakeSettings) -> None:
    """However they are interleaved."""
    budgets, client = Budgets(pool, settings(chat_rate=Rate(count=5, seconds=86_400))), str(uuid4())
    results = await asyncio.gather(*(budgets.charge_question(client) for _ in range(20)), return_exceptions=True)
    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, TryLater) for result in results) == 15


def test_a_rate_is_read_or_refused_with_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`20/minute` and the like."""
    monkeypatch.setenv("WIDGET_BUILDER_CHAT_RATE", "7/hour")
    assert load_settings(_env_file=None).chat_rate == Rate(count=7, seconds=3600)
    monkeypatch.setenv("WIDGET_BUILDER_CHAT_RATE", "often")
    with pytest.raises(InvalidSetting) as caught:
        load_settings(_env_file=None)
    assert caught.value.name == "WIDGET_BUILDER_CHAT_RATE"
