"""Two builds of a widget, compared by their answers to the same questions."""

import pytest

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.evaluation.answer_comparison import AnswerComparison, ComparedQuestion, compare_answers
from tasks.knowledge.evaluation.expectations import Expectation, expectations_of
from tasks.knowledge.evaluation.verdicts import Verdict
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.owner_questions import save_test_questions
from tasks.records.widgets import read_widget
from tests.knowledge.answer_material import EMBEDDER, SHOP, build_site
from tests.knowledge.material import embed_page, new_job

QUESTIONS = [
    {"question": "What does shipping to Norway cost?", "page": "/shipping", "text": "€14"},
    {"question": "Who founded the roastery?", "text": "Ines Okafor"},
    {"question": "Do you sell tea?", "page": "none"},
]


@pytest.fixture
async def shop(pool: Pool) -> AnsweringSite:
    """A widget that answers from the shop's pages, with test questions and a suggested one."""
    shop = await build_site(pool, SHOP)
    await save_test_questions(pool, shop.widget_id, QUESTIONS)
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO suggested_questions (widget_id, job_id, page_count, questions)"
            " SELECT id, active_job_id, 5, ARRAY['How much is the Piccola?'] FROM widgets WHERE id = %s",
            (shop.widget_id,),
        )
    return shop


async def compare(pool: Pool, shop: AnsweringSite, pages: dict[str, tuple[str, str]]) -> AnswerComparison:
    """Compare the shop's build with another that has these pages; the widget still answers from the first."""
    before = (await read_widget(pool, shop.widget_id)).active_job_id
    later = await new_job(pool, shop.widget_id)
    await store_pages(pool, later.build_id, [await embed_page(EMBEDDER, path, *text) for path, text in pages.items()])
    assert before is not None
    compared = await compare_answers(pool, EMBEDDER, shop.widget_id, before=before, after=later.build_id)
    assert (await read_widget(pool, shop.widget_id)).active_job_id == before
    return compared


async def test_the_same_pages_give_the_same_answers(pool: Pool, shop: AnsweringSite) -> None:
    """Right ones, to the owner's questions and to the suggested one."""
    compared = await compare(pool, shop, SHOP)
    assert [each.question for each in compared.questions] == [
        *(row["question"] for row in QUESTIONS),
        "How much is the Piccola?",
    ]
    assert (compared.right_before, compared.right_after, compared.lost) == (4, 4, ())
    assert not compared.is_clearly_worse(0)


async def test_what_new_pages_no_longer_answer_is_named(pool: Pool, shop: AnsweringSite) -> None:
    """Pages that are gone, and one that says something else; the present build is asked its own pages."""
    pages = {path: text for path, text in SHOP.items() if path not in ("/machines", "/about")}
    pages["/shipping"] = ("Shipping", SHOP["/shipping"][1].replace("€14", "€25"))
    compared = await compare(pool, shop, pages)
    assert compared.right_before == 4
    assert set(compared.lost) == {QUESTIONS[0]["question"], QUESTIONS[1]["question"], "How much is the Piccola?"}
    assert compared.is_clearly_worse(0.2)
    assert compared.summary == {"questions": 4, "right_before": 4, "right_after": 1, "lost": list(compared.lost)}


async def test_a_question_that_cannot_be_asked_says_nothing(
    pool: Pool, shop: AnsweringSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that the embedding service does not take just now."""

    async def fail(*_: object) -> list[EmbeddingFailed]:
        raise EmbeddingFailed("not now")

    monkeypatch.setattr(EMBEDDER, "embed", fail)
    before = (await read_widget(pool, shop.widget_id)).active_job_id
    assert before is not None
    compared = await compare_answers(pool, EMBEDDER, shop.widget_id, before=before, after=before)
    assert compared.questions == ()
    assert not compared.is_clearly_worse(0)


@pytest.mark.parametrize(
    ("right_before", "right_after", "most_lost", "is_worse"),
    [
        (4, 2, 0.2, True),
        (4, 3, 0.2, False),
        (20, 16, 0.2, False),
        (20, 15, 0.2, True),
        (9, 0, 1, False),
        (2, 3, 0, False),
    ],
)
def test_only_a_clear_loss_holds_a_build(right_before: int, right_after: int, most_lost: float, is_worse: bool) -> None:
    """More than the share, and two answers at least; what is gained counts too."""
    questions = [
        ComparedQuestion(
            question=str(number),
            before=Verdict.right if number < right_before else Verdict.refused,
            after=Verdict.right if number < right_after else Verdict.wrong,
        )
        for number in range(20)
    ]
    assert AnswerComparison(questions=tuple(questions)).is_clearly_worse(most_lost) is is_worse


def test_a_test_question_is_kept_as_it_was_written() -> None:
    """Words, regular expressions, several pages, refusals: what is stored is read as the same expectation."""
    read = expectations_of(
        [*QUESTIONS, {"question": "When?", "text": r"/10\s?to 4/"}, {"question": "Where?", "page": ["/a", "/b"]}]
    )
    again = expectations_of([each.row for each in read])
    assert again == read
    assert read[-1] == Expectation(question="Where?", pages=("/a", "/b"), line=5)
