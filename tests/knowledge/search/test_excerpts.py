"""Excerpts: the parts that match the query, whole blocks, with a separator for gaps."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.database import Pool
from tasks.core.models import Job
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.search.excerpts import GAP, ContextPassage, cut_excerpts
from tasks.knowledge.search.passage_search import search
from tasks.knowledge.search.search_terms import SearchTerm
from tasks.records.publication import activate_build
from tests.knowledge.material import ANY_TEXT, SITE, embed_page, new_job

EMBEDDER = LocalEmbedder(None)
FILLER = "Gardens are quiet in the morning, and the gate stands open for whoever likes to walk. "
PARAGRAPH = (FILLER * 4)[:280].strip()
"""As long as parts are."""
BOTH_SIDES = f"{PARAGRAPH}\n\nA boiler?\n\n{PARAGRAPH}"
PAGE = (
    "# Handbook\n\n## Seasons\n\n"
    + FILLER * 8
    + "\n\n## Descaling the boiler\n\nRun citric acid through the boiler.\n\n"
    "| Acid | Minutes |\n|---|---|\n| Citric | 20 |\n| Acetic | 40 |\n\n" + FILLER * 8 + "\n\n## Boiler pressure\n\n"
    "The boiler keeps nine bar. " + FILLER * 8
)


def term(lexeme: str, number: int = 1) -> SearchTerm:
    """A word that one in ten passages has."""
    return SearchTerm(number=number, word=number, lexeme=lexeme, passages=100, document_frequency=10)


def strong(text: str) -> ContextPassage:
    """A passage that fits well."""
    return ContextPassage(text, "en", ["Here"], 10.0, 0.9)


def weak(text: str, language: str = "en") -> ContextPassage:
    """One near it that hardly does."""
    return ContextPassage(text, language, ["There"], 1.0, 0.1)


@pytest.fixture(scope="module")
async def handbook(pool: Pool) -> Job:
    """A widget with one long page."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, "/handbook", "Handbook", PAGE)])
    await activate_build(pool, job, replace=True)
    return job


async def test_a_result_shows_what_the_question_is_about(pool: Pool, handbook: Job) -> None:
    """The section that answers with its heading and its whole table, not the page's small talk; opened there."""
    (found,) = await search(pool, EMBEDDER, handbook.widget_id, "descaling the boiler with citric acid")
    assert "## Descaling the boiler\n\nRun citric acid through the boiler." in found.text
    assert len(found.text) < len(PAGE) / 2
    assert found.heading == "Handbook > Descaling the boiler"
    assert found.deep_link.startswith(f"{SITE}/handbook#:~:text=Run%20citric%20acid")


async def test_places_of_one_page_that_are_near_each_other_are_one(pool: Pool, handbook: Job) -> None:
    """Asked for five of a page: no text is shown twice."""
    found = await search(pool, EMBEDDER, handbook.widget_id, "boiler", per_page=5)
    shown = [part for passage in found for part in passage.text.split(GAP)]
    assert len(shown) == len(set(shown))
    assert all(part in PAGE for part in shown)


def test_parts_left_out_leave_a_sign() -> None:
    """What is shown of three passages stands in their order; the best one is whole."""
    texts = (f"{PARAGRAPH}\n\nThe boiler is steel.", f"Boilers are heavy.\n\n{PARAGRAPH}", f"{PARAGRAPH}\n\nA boiler!")
    (excerpt,) = cut_excerpts([term("boiler")], [[weak(texts[0]), strong(texts[1]), weak(texts[2])]])
    assert excerpt.text == f"The boiler is steel.\n\n{texts[1]}{GAP}A boiler!"
    assert (excerpt.best, excerpt.heading_path) == ("Boilers are heavy.", ["Here"])


def test_a_result_far_behind_shows_its_best_part() -> None:
    """However little it has beside the first."""
    first, last = cut_excerpts([term("boiler"), term("steel", 2)], [[strong("Boiler, steel.")], [weak(BOTH_SIDES)]])
    assert first.text == "Boiler, steel."
    assert last.text == "A boiler?"


@pytest.mark.parametrize(
    ("shown", "hidden", "lexeme", "language"),
    [
        ("Two batteries.", "One bat.", "batteri", "en"),
        ("Neue Preise.", "Preiselbeeren.", "preis", "de"),
        ("この保証期間は二年です", "保険", "保証", "simple"),
        ("An art.", "Start the party cart.", "art", "en"),
        ("Since 2.5 it is.", "Since 12.5 it is not.", "2.5", "en"),
    ],
)
def test_words_are_found_in_their_forms_and_not_within_others(
    shown: str, hidden: str, lexeme: str, language: str
) -> None:
    """By the stem of the passage's language; in scripts without spaces anywhere."""
    text = f"{hidden}\n\n{PARAGRAPH}\n\n{shown}\n\n{PARAGRAPH}"
    (excerpt,) = cut_excerpts([term(lexeme)], [[strong("All."), weak(text, language)]])
    assert shown in excerpt.text
    assert hidden not in excerpt.text


@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=4), lexeme=st.sampled_from(["a", "the", "x1", "保証", "ı"]))
def test_of_any_text_something_is_shown_that_stands_there(texts: list[str], lexeme: str) -> None:
    """No word is made up or put elsewhere."""
    (excerpt,) = cut_excerpts([term(lexeme)], [[strong(texts[0]), *map(weak, texts[1:])]])
    whole = re.sub(r"\s", "", "".join(texts))
    at = 0
    for part in excerpt.text.split(GAP):
        letters = re.sub(r"\s", "", part)
        at = whole.index(letters, at) + len(letters)
