"""Questions in other languages than English: answered by meaning, though question and page share no word."""

import pytest

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.search.passage_search import find_passages
from tests.knowledge.answer_material import EMBEDDER, READER, ask, build_site

GARAGE = {
    "/service": (
        "Service",
        "# Service\n\nWährend der Reparatur erhalten Sie kostenlos ein Leihrad.\n\n"
        "Ein neuer Reifen wird sofort aufgezogen.\n\nDie Inspektion kostet 59 €.",
    ),
    "/anfahrt": (
        "Anfahrt",
        "# Anfahrt\n\nStellplätze finden Sie hinter dem Haus.\n\nDie Buslinie 7 hält vor der Tür.",
    ),
    "/team": ("Team", "# Team\n\nAnna Brandt hat die Werkstatt 1998 eröffnet.\n\nSie fährt selbst ein Lastenrad."),
}


@pytest.fixture(scope="module")
async def garage(pool: Pool) -> AnsweringSite:
    """A widget that answers from a German workshop's pages."""
    site = await build_site(pool, GARAGE, name="Radwerk")
    return site.model_copy(update={"language": "de"})


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Wo kann ich parken?", "hinter dem Haus"),
        ("Do I get a bike during the repair?", "Leihrad"),
        ("Who opened the workshop?", "Anna Brandt"),
        ("Où peut-on se garer ?", "hinter dem Haus"),
        ("How much is an inspection?", "59 €"),
    ],
)
async def test_a_question_is_answered_whatever_language_it_is_in(
    pool: Pool, garage: AnsweringSite, question: str, words: str
) -> None:
    """In the site's, or in another one."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), garage, question)
    assert seen.reply.answered
    assert words in "".join(seen.pieces)


@pytest.mark.parametrize("question", ["Verkaufen Sie auch Motorräder?", "Do you rent out canoes?"])
async def test_what_the_site_does_not_say_is_refused_in_any_language(
    pool: Pool, garage: AnsweringSite, question: str
) -> None:
    """Glosses make near words nearer still."""
    seen = await ask(Answerer(pool, EMBEDDER, None, READER), garage, question)
    assert not seen.reply.answered


async def test_a_search_in_another_language_finds_the_pages_words(pool: Pool, garage: AnsweringSite) -> None:
    """Those that the page has for the question's."""
    found = await find_passages(pool, EMBEDDER, garage.widget_id, "Who opened the workshop?")
    assert found[0].url.endswith("/team")
    assert found[0].coverage > 0
