"""Everyday questions, answered without a key: right, wrong and refused, by kind of site.

Measured on the split `reported_on`, and on the sites of `../shared/bench/answers/small-business.json`; weights and
thresholds are chosen on `chosen_on` alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite, Reply
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite, load_split, load_squad
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, store_widget
from tests.benchmarks.scores import Scores
from tests.benchmarks.trade_sites import load_shared, load_trades

SPLIT = "reported_on"
RIGHT, WRONGLY_ANSWERED = 70, 5
SQUAD_ANSWERED, SQUAD_WRONGLY = 70, 35
DEADLINE_S = 30
"""The benchmark measures answers, not time."""


@dataclass
class Outcome:
    """The answers to one kind of sites."""

    right: int = 0
    answered: int = 0
    """Of the answerable questions, rightly or not."""
    answerable: int = 0
    wrongly: int = 0
    """Of the unanswerable ones."""
    unanswerable: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, site: EverydaySite, asked: AskedQuestion, reply: Reply) -> None:
        """Count an answer."""
        if asked.answer is None:
            self.unanswerable += 1
            self.wrongly += reply.answered
            is_right = not reply.answered
        else:
            self.answerable += 1
            self.answered += reply.answered
            is_right = reply.answered and bool(re.search(asked.answer, reply.text))
            self.right += is_right
        if not is_right:
            said = reply.text[:90].replace("\n", " ") if reply.answered else "refused"
            self.failures.append(f"{site.name}: {asked.text} → {said}")

    def share(self, number: int) -> float:
        """Return a number of answers in percent of the answerable questions."""
        return 100 * number / max(1, self.answerable)

    @property
    def wrongly_share(self) -> float:
        """Unanswerable questions that were answered, in percent."""
        return 100 * self.wrongly / max(1, self.unanswerable)


def _groups() -> Iterator[tuple[str, Sequence[EverydaySite]]]:
    yield "small businesses", load_split(SPLIT)
    yield "shared businesses", load_shared()
    trades = load_trades(SPLIT)
    yield "trades, English", [site for site in trades if site.language == "en"]
    yield "trades, other languages", [site for site in trades if site.language != "en"]
    yield "SQuAD 2.0", [load_squad(SPLIT)]


async def run(scores: Scores) -> None:
    """Ask all questions of the split, each kind of site by itself."""
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=DEADLINE_S)
    await reader.load()
    table = Table("sites", "right", "answered", "wrongly answered", title=f"Everyday questions ({SPLIT})")
    found: dict[str, Outcome] = {}
    async with open_database() as pool:
        for kind, sites in _groups():
            found[kind] = outcome = Outcome()
            for site in sites:
                await _ask(pool, reader, site, outcome)
            for failure in outcome.failures:
                scores.console.print(failure, style="dim", markup=False)
            table.add_row(
                kind,
                f"{outcome.right}/{outcome.answerable}",
                f"{outcome.answered}/{outcome.answerable}",
                f"{outcome.wrongly}/{outcome.unanswerable}",
            )
    reader.close()
    scores.console.print(table)
    small, squad = found["small businesses"], found["SQuAD 2.0"]
    scores.at_least(f"everyday questions answered rightly ({SPLIT})", small.share(small.right), RIGHT, "%")
    scores.at_most(f"unanswerable ones answered ({SPLIT})", small.wrongly_share, WRONGLY_ANSWERED, "%")
    scores.at_least(f"SQuAD 2.0 answered ({SPLIT})", squad.share(squad.answered), SQUAD_ANSWERED, "%")
    scores.at_most(f"SQuAD 2.0 unanswerable ones answered ({SPLIT})", squad.wrongly_share, SQUAD_WRONGLY, "%")


async def _ask(pool: Pool, reader: SentenceReader, site: EverydaySite, outcome: Outcome) -> None:
    job = await store_widget(pool, list(embed_pages(site.pages)))
    widget = AnsweringSite(widget_id=job.widget_id, name=site.name, url=f"{SITE}/", language=site.language)
    answerer = Answerer(pool, LocalEmbedder(None), None, reader)
    for asked in site.questions:
        reply = await answerer.prepare(widget, asked.text)
        async for _ in answerer.answer(reply):
            pass
        outcome.add(site, asked, reply)
