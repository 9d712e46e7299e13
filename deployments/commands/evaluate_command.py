"""The command `evaluate`: ask a widget test questions and compare its answers with those expected."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import track

from deployments.commands import api_client
from deployments.commands.answer_client import fetch_answer
from deployments.commands.widget_commands import find_admin_endpoint
from deployments.display.evaluation import render_evaluation
from tasks.core.settings import Settings
from tasks.knowledge.evaluation.expectations import Expectation, read_expectations
from tasks.knowledge.evaluation.verdicts import Judged, judge, plain_text, summarize


async def run_evaluate(
    settings: Settings,
    widget: str,
    file: Path,
    console: Console,
    *,
    as_json: bool,
    at_least: float | None,
    keep: bool = False,
    out: TextIO = sys.stdout,
) -> int:
    """Show verdicts and totals; return 1 if fewer than `at_least` percent of the answers are right, else 0.

    With `keep` the questions take the place of the widget's test questions.

    Raises:
        InvalidRequest: the file has an error, or there is no such widget.
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    widget_id = api_client.parse_widget_id(widget)
    expectations = read_expectations(file)
    endpoint = await find_admin_endpoint(settings)
    path = f"{api_client.WIDGETS}/{widget_id}/chat"
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    judged: list[Judged] = []
    for expected in _shown(expectations, console):
        given, _ = await fetch_answer(endpoint.api_url, path, expected.question, headers)
        judged.append(judge(expected, given))
        if as_json:
            print(json.dumps(_describe(judged[-1]), ensure_ascii=False), file=out, flush=True)
    totals = summarize(judged)
    if keep:
        rows = [expected.row for expected in expectations]
        await api_client.keep_test_questions(endpoint.api_url, widget_id, endpoint.token, rows)
    if as_json:
        summary = {"type": "summary", **totals.model_dump(), "share_right": totals.share_right}
        print(json.dumps(summary), file=out)
    else:
        console.print(render_evaluation(judged, totals))
    return 1 if at_least is not None and 100 * totals.share_right < at_least else 0


def _shown(expectations: Sequence[Expectation], console: Console) -> Any:
    """Show the progress on a terminal."""
    return track(expectations, "Asking", console=console, transient=True, disable=not console.is_terminal)


def _describe(judged: Judged) -> dict[str, Any]:
    expected, given = judged.expected, judged.given
    return {
        "type": "question",
        "line": expected.line,
        "question": expected.question,
        "expected": expected.described,
        "verdict": judged.verdict.value,
        "answered": given.answered,
        "answer": plain_text(given.text),
        "pages": list(given.pages),
        "first_s": round(given.first_s, 3),
        "total_s": round(given.total_s, 3),
        "failure": given.failure,
    }
