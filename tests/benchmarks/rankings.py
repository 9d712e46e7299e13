"""Recall and nDCG of the rankings (by vector, by words, and both as `search` fuses them) on the same passages.

Two tasks: the page that answers a question on the Python documentation (one passage a page), and the passages that hold
the excerpts which answer a question of Chroma's chunking evaluation (as many of the corpus as there are). What the
rankings are worth was chosen on the questions at even places; the other half was only measured.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.table import Table

from tasks.core.database import Pool
from tasks.core.models import Job, RatedPassage
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.search.passage_search import find_passages
from tasks.knowledge.search.rankings import Ranking
from tests.benchmarks import chunking
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, read_docs, store_widget
from tests.benchmarks.python_docs import find_docs
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.scores import Scores

RECALL_AT, NDCG_AT = 5, 10
RECALL = 0.80
EMBEDDER = LocalEmbedder(None)

Gains = Callable[[RatedPassage], float]
"""Share of the answer in a passage, 0 … 1."""


@dataclass(frozen=True)
class Task:
    """A question, and the gain of each passage that may be found."""

    job: Job
    text: str
    gain: Gains
    ideal: tuple[float, ...]
    """Gains of the best passages there are, the best first."""
    per_page: int


@dataclass(frozen=True)
class Figures:
    """Recall and nDCG of each question."""

    recalls: list[float]
    ndcgs: list[float]

    @property
    def recall(self) -> float:
        """The mean."""
        return fmean(self.recalls)

    @property
    def ndcg(self) -> float:
        """The mean."""
        return fmean(self.ndcgs)

    def cells(self) -> list[str]:
        """Return the cells of a table's row: all questions, then the half not used for tuning."""
        chosen = (self.recalls, self.ndcgs, self.recalls[1::2], self.ndcgs[1::2])
        return [f"{fmean(values):.3f}" for values in chosen]


async def run(scores: Scores) -> None:
    """Store both corpora, ask all questions with each ranking, print the figures."""
    what = (f"recall@{RECALL_AT}", f"nDCG@{NDCG_AT}")
    table = Table("questions", "ranked by", *what, *(f"other half: {name}" for name in what), title="Rankings")
    async with open_database() as pool:
        for name, tasks in (
            ("Python documentation", [task async for task in _docs_tasks(pool)]),
            ("chunking evaluation", [task async for task in _excerpt_tasks(pool)]),
        ):
            if not tasks:
                scores.console.print(f"rankings: no data for the {name}", style="yellow")
                continue
            found = {ranking: await _measure(pool, tasks, ranking) for ranking in Ranking}
            for ranking, figures in found.items():
                table.add_row(f"{len(tasks)} on the {name}", ranking, *figures.cells())
            best = {
                what: max(getattr(found[ranking], what) for ranking in (Ranking.vector, Ranking.text))
                for what in ("recall", "ndcg")
            }
            both = found[Ranking.both]
            scores.at_least(f"{name}: recall@{RECALL_AT} of both rankings beside each", both.recall, best["recall"], "")
            scores.at_least(f"{name}: nDCG@{NDCG_AT} of both rankings beside each", both.ndcg, best["ndcg"], "")
            scores.at_least(f"{name}: recall@{RECALL_AT}", both.recall, RECALL, "")
    scores.console.print(table)


async def _docs_tasks(pool: Pool) -> AsyncIterator[Task]:
    pages = await asyncio.to_thread(lambda: list(embed_pages(read_docs(find_docs(None)))))
    job = await store_widget(pool, pages)
    for question in QUESTIONS:
        yield Task(job, question.text, _is_page(f"{SITE}/{question.page}"), ideal=(1.0,), per_page=1)


def _is_page(url: str) -> Gains:
    return lambda passage: float(passage.url == url)


async def _excerpt_tasks(pool: Pool) -> AsyncIterator[Task]:
    if not chunking.is_available():
        return
    questions = chunking.read_questions()
    for name, text in chunking.read_corpora().items():
        page = chunking.corpus_page(name, text)
        job = await store_widget(pool, list(embed_pages([page])))
        places = chunking.locate(text, [chunk.text for chunk in page.chunks])
        for question in questions:
            if question.corpus == name:
                worth = [_share_of(question.excerpts, place) for place in places]
                by_text = {chunk.text: gain for chunk, gain in zip(page.chunks, worth, strict=True)}
                ideal = tuple(sorted(worth, reverse=True)[:NDCG_AT])
                yield Task(job, question.text, _gains_from(by_text), ideal, per_page=NDCG_AT)


def _share_of(excerpts: Sequence[tuple[int, int]], place: tuple[int, int]) -> float:
    held = sum(max(0, min(end, place[1]) - max(start, place[0])) for start, end in excerpts)
    return held / sum(end - start for start, end in excerpts)


def _gains_from(worth: dict[str, float]) -> Gains:
    return lambda passage: worth[passage.text]


async def _measure(pool: Pool, tasks: Sequence[Task], ranking: Ranking) -> Figures:
    recalls, ndcgs = [], []
    for task in tasks:
        found = await find_passages(
            pool, EMBEDDER, task.job.widget_id, task.text, NDCG_AT, per_page=task.per_page, by=ranking
        )
        gains = [task.gain(passage) for passage in found]
        recalls.append(min(1.0, sum(gains[:RECALL_AT])))
        ndcgs.append(_discounted(gains) / _discounted(task.ideal))
    return Figures(recalls, ndcgs)


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(2 + place) for place, gain in enumerate(gains))
