"""`python -m tests.benchmarks [name …]`: measure the whole product over HTTP, print tables and a summary.

Exits with 1 when a target was missed.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from rich.console import Console

from tests.benchmarks import (
    answers,
    bulk,
    chunking,
    crawl,
    crawl_memory,
    everyday,
    extraction,
    hostile,
    http_fetch,
    hybrid,
    known_answers,
    latency,
    nginx,
    own_answers,
    python_docs,
    rankings,
    recrawl,
    recrawl_docs,
    rendering,
    retrieval,
    search_latency,
    search_planning,
    slow_site,
    stream_fanout,
    tenants,
    theme,
)
from tests.benchmarks.scores import Scores

STANDALONE = {
    "answers": answers.run,
    "bulk": bulk.run,
    "chunking": chunking.run,
    "crawl": crawl.run,
    "crawl_memory": crawl_memory.run,
    "everyday": everyday.run,
    "extraction": extraction.run,
    "hostile": hostile.run,
    "http_fetch": http_fetch.run,
    "hybrid": hybrid.run,
    "known_answers": known_answers.run,
    "latency": latency.run,
    "nginx": nginx.run,
    "own_answers": own_answers.run,
    "rankings": rankings.run,
    "recrawl": recrawl.run,
    "rendering": rendering.run,
    "search_latency": search_latency.run,
    "search_planning": search_planning.run,
    "slow_site": slow_site.run,
    "stream_fanout": stream_fanout.run,
    "tenants": tenants.run,
    "theme": theme.run,
}
ON_DOCS = ("python_docs", "retrieval")
NAMES = (*STANDALONE, "recrawl_docs", *ON_DOCS)


async def measure(names: list[str], docs: Path | None, scores: Scores) -> None:
    """Run the named benchmarks, one after the other; those on the documentation share one build."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = python_docs.find_docs(docs) if set(names) & set(ON_DOCS) else None
    for name in names:
        if name in STANDALONE:
            scores.console.rule(name)
            await STANDALONE[name](scores)
    if "recrawl_docs" in names:
        scores.console.rule("recrawl_docs")
        await recrawl_docs.run(scores, python_docs.find_docs(docs))
    if folder is None:
        return
    scores.console.rule("Python documentation")
    async with python_docs.built_docs(folder) as build:
        if "python_docs" in names:
            python_docs.report(scores, build)
        if "retrieval" in names:
            await retrieval.report(scores, build)


def main() -> int:
    """Run the benchmarks: exit with 0 when all targets are met, else with 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"default: all of {', '.join(NAMES)}")
    parser.add_argument("--docs", type=Path, help="folder with Python's documentation as HTML")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    scores = Scores(Console())
    try:
        asyncio.run(measure(arguments.names or list(NAMES), arguments.docs, scores))
    except python_docs.NoDocs as error:
        parser.error(str(error))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    scores.console.print(scores.render())
    return 0 if scores.are_met else 1


if __name__ == "__main__":
    sys.exit(main())
