"""Features of a statement: matches of the question's words, evidence by facts, and a model that weighs all of them."""

import pytest

from tasks.knowledge.answering.evidence.answer_model import Part, load_answer_model
from tasks.knowledge.answering.evidence.fact_evidence import asked_facts, fact_test, is_yes_or_no
from tasks.knowledge.answering.evidence.sense import NOTHING_READ
from tasks.knowledge.answering.evidence.statement_features import WITH_SENSE, Features
from tasks.knowledge.answering.evidence.word_matches import MatchFeatures, WordMatcher
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.language.function_words import function_words

HOURS = "Monday to Saturday: open 09:00–17:30"
ADDRESS = "Address: 9 Abbey Row, Malmesby"


def term(word: str, stem: str, weight: float, *, is_name: bool = False) -> QuestionTerm:
    """A term of a question."""
    return QuestionTerm(word=word, stem=stem, weight=weight, is_known=True, is_name=is_name)


def match(terms: tuple[QuestionTerm, ...], statement: str, window: str = "", site: str = "") -> MatchFeatures:
    """Measure a statement on a page of a site."""
    question = Question(text="?", language="en", terms=terms)
    words = WordMatcher(question, [statement, window, site])
    return words.measure(words.columns(statement), words.columns(statement, window))


def test_the_rarest_word_is_told_apart_from_the_others() -> None:
    """It may stand in the statement or above it, elsewhere on the site or nowhere."""
    asked = (term("sell", "sell", 0.2), term("bicycles", "bicycl", 0.9))
    there = match(asked, "We sell a bicycle")
    above = match(asked, "We sell it", window="Bicycles")
    elsewhere = match(asked, "We sell sensors", site="Our bicycles")
    nowhere = match(asked, "We sell sensors")
    assert there == pytest.approx(MatchFeatures(near=1, near_window=1, rarest=1, rarest_window=1, rarest_site=1))
    assert above._replace(near=1, rarest=1) == pytest.approx(there)
    assert above.rarest < 0.5
    assert elsewhere.rarest_window < 0.5 < elsewhere.rarest_site == 1
    assert nowhere.rarest_site < 0.5
    assert (above.unmatched, nowhere.unmatched) == (0, 0.5)
    assert above.near == pytest.approx(0.2 / 1.1)


def test_another_word_of_the_same_meaning_matches_in_part_and_a_name_does_not() -> None:
    """A synonym counts by its likeness; another name is another thing."""
    assert 0.5 < match((term("cost", "cost", 1.0),), "The price is low").rarest_window < 1
    assert match((term("Norway", "norway", 1.0, is_name=True),), "Shipping to Sweden").rarest_window == 0


def test_a_question_without_content_words_matches_nothing() -> None:
    """Nor does a statement without words."""
    assert match((), "We sell a bicycle") == MatchFeatures()
    assert match((term("sell", "sell", 0.2),), "…").rarest_window == 0


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Are you open on Sunday?", ["hours"]),
        ("open sunday?", ["hours"]),
        ("What time do you shut today?", ["hours"]),
        ("Where's your shop?", ["address"]),
        ("adress?", ["address"]),
        ("How do I find you?", ["address"]),
        ("What is your e-mail address?", ["email"]),
        ("Can I open the box on a table?", []),
        ("How do I find the right size?", []),
    ],
)
def test_a_question_names_the_kind_of_fact_it_asks_for(question: str, kinds: list[str]) -> None:
    """Also misspelt or in a few words; not by a word that means something else there."""
    assert [each.name for each in asked_facts(question)] == kinds


def test_a_fact_of_the_kind_asked_for_counts_and_another_one_counts_against() -> None:
    """Nothing counts for a question that asks for no fact, but a fact counts as another one."""
    test = fact_test("Where is your shop?", NOTHING_READ)
    assert [tuple(test(text)) for text in (ADDRESS, HOURS, "We sell tea.")] == [(1, 0), (-1, 1), (-1, 0)]
    assert tuple(fact_test("Do you sell tea?", NOTHING_READ)(ADDRESS)) == (0, 1)


def test_a_question_for_yes_or_no_is_recognized() -> None:
    """By its first word."""
    assert all(map(is_yes_or_no, ("Do you sell bicycles?", "and is it safe?", "Aren't you open?")))
    assert not any(map(is_yes_or_no, ("How do you sell?", "Doors?", "What can I buy?")))


def test_today_is_no_topic_of_a_question() -> None:
    """The site tells the hours of each day, not of today."""
    assert {"today", "tomorrow", "now"} <= function_words("en").all
    assert "heute" in function_words("de").all


@pytest.mark.parametrize("part", Part)
def test_the_model_weighs_all_features_and_no_other(part: Part) -> None:
    """Those of the sentence model only where it has read; a model learned for other features would fail here."""
    left_out = WITH_SENSE if part is Part.words else ()
    assert set(load_answer_model()[part].weights) == set(Features._fields).difference(left_out)
