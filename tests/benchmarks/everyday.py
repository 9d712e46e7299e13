"""Everyday questions on small businesses' sites, answered without a key: right, wrong and refused, by split."""

import re
from pathlib import Path

from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tests.benchmarks.everyday_sites import load_split
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, store_widget
from tests.benchmarks.scores import Scores

SPLITS = ("chosen_on", "reported_on")
RIGHT, WRONGLY_ANSWERED = 70, 5
DEADLINE_S = 30
"""The benchmark measures answers, not time."""


async def run(scores: Scores) -> None:
    """Ask all questions of both splits; only those of the second count."""
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=DEADLINE_S)
    await reader.load()
    async with open_database() as pool:
        for split in SPLITS:
            right, answerable, wrongly, unanswerable = 0, 0, 0, 0
            for site in load_split(split):
                job = await store_widget(pool, list(embed_pages(site.pages)))
                widget = AnsweringSite(widget_id=job.widget_id, name=site.name, url=f"{SITE}/", language=site.language)
                answerer = Answerer(pool, LocalEmbedder(None), None, reader)
                for asked in site.questions:
                    reply = await answerer.prepare(widget, asked.text)
                    async for _ in answerer.answer(reply):
                        pass
                    if asked.answer is None:
                        unanswerable += 1
                        wrongly += reply.answered
                    else:
                        answerable += 1
                        right += reply.answered and bool(re.search(asked.answer, reply.text))
                    is_right = not reply.answered if asked.answer is None else re.search(asked.answer, reply.text)
                    if not is_right:
                        said = reply.text[:90].replace("\n", " ") if reply.answered else "refused"
                        scores.console.print(f"{split} {site.name}: {asked.text} → {said}", style="dim", markup=False)
            scores.console.print(
                f"{split}: {right} of {answerable} right, {wrongly} of {unanswerable} wrongly answered"
            )
    scores.at_least("everyday questions answered rightly (reported_on)", 100 * right / answerable, RIGHT, "%")
    scores.at_most("unanswerable ones answered (reported_on)", 100 * wrongly / unanswerable, WRONGLY_ANSWERED, "%")
    reader.close()
