"""Everyday questions, answered without a key: right, wrong and refused, by kind of site.

Measured on the sites of `business_sites` that report and on the reported article of SQuAD 2.0; weights and thresholds
are chosen on the sites for development and SQuAD's other article. With neutral wording, a question's words do not tell
whether the site answers it; on the other sites, most of those that nothing answers are formal, the others colloquial.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite, Reply
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tests.benchmarks.business_sites import load_businesses
from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite, load_squad
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, store_widget
from tests.benchmarks.scores import Scores

NEUTRAL = "businesses, neutral wording, English"
NEUTRAL_OTHERS = "businesses, neutral wording, other languages"
ENGLISH, OTHERS, SQUAD = "businesses, English", "businesses, other languages", "SQuAD 2.0"
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
    near: int = 0
    """Of them, those whose refusal quotes the right statement with a reservation."""
    answerable: int = 0
    wrongly: int = 0
    """Of the unanswerable ones."""
    nearly: int = 0
    """Of them, those whose refusal quotes a statement with a reservation."""
    unanswerable: int = 0

    def add(self, asked: AskedQuestion, reply: Reply) -> None:
        """Count an answer."""
        if asked.answer is None:
            self.unanswerable += 1
            self.wrongly += reply.answered
            self.nearly += reply.is_near
        else:
            self.answerable += 1
            self.answered += reply.answered
            is_right = bool(re.search(asked.answer, reply.text))
            self.right += reply.answered and is_right
            self.near += reply.is_near and is_right

    def share(self, number: int) -> float:
        """Return a number of answers in percent of the answerable questions."""
        return 100 * number / max(1, self.answerable)

    @property
    def wrongly_share(self) -> float:
        """Unanswerable questions that were answered, in percent."""
        return 100 * self.wrongly / max(1, self.unanswerable)


def _groups() -> Iterator[tuple[str, Sequence[EverydaySite]]]:
    for kind, english, others in (("neutral", NEUTRAL, NEUTRAL_OTHERS), ("reporting", ENGLISH, OTHERS)):
        businesses = load_businesses(kind)
        yield english, [site for site in businesses if site.language == "en"]
        yield others, [site for site in businesses if site.language != "en"]
    yield SQUAD, [load_squad("reported_on")]


async def run(scores: Scores) -> None:
    """Ask all questions, each kind of site by itself."""
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=DEADLINE_S)
    await reader.load()
    title = "Everyday questions (sites that only report); near: the refusal quotes a statement with a reservation"
    columns = ("right", "near and right", "answered", "unanswerable answered", "unanswerable, near")
    table = Table("sites", *columns, title=title)
    found: dict[str, Outcome] = {}
    async with open_database() as pool:
        for kind, sites in _groups():
            found[kind] = outcome = Outcome()
            for site in sites:
                await _ask(pool, reader, site, outcome)
            table.add_row(
                kind,
                f"{outcome.right}/{outcome.answerable}",
                f"{outcome.near}/{outcome.answerable}",
                f"{outcome.answered}/{outcome.answerable}",
                f"{outcome.wrongly}/{outcome.unanswerable}",
                f"{outcome.nearly}/{outcome.unanswerable}",
            )
    reader.close()
    scores.console.print(table)
    for kind in (NEUTRAL, NEUTRAL_OTHERS, ENGLISH, OTHERS):
        scores.at_least(
            f"everyday questions answered rightly ({kind})", found[kind].share(found[kind].right), RIGHT, "%"
        )
        scores.at_most(f"unanswerable ones answered ({kind})", found[kind].wrongly_share, WRONGLY_ANSWERED, "%")
    squad = found[SQUAD]
    scores.at_least("SQuAD 2.0 answered (reported article)", squad.share(squad.answered), SQUAD_ANSWERED, "%")
    scores.at_most("SQuAD 2.0 unanswerable ones answered", squad.wrongly_share, SQUAD_WRONGLY, "%")


async def _ask(pool: Pool, reader: SentenceReader, site: EverydaySite, outcome: Outcome) -> None:
    job = await store_widget(pool, list(embed_pages(site.pages)))
    widget = AnsweringSite(widget_id=job.widget_id, name=site.name, url=f"{SITE}/", language=site.language)
    answerer = Answerer(pool, LocalEmbedder(None), None, reader)
    for asked in site.questions:
        reply = await answerer.prepare(widget, asked.text)
        async for _ in answerer.answer(reply):
            pass
        outcome.add(asked, reply)
