"""The command `ask`: send a visitor's question to a widget and print the answer as it arrives."""

import sys
from contextlib import aclosing
from typing import Any, TextIO

from deployments.commands import api_client
from deployments.commands.answer_client import BROKEN_OFF, stream_answer
from deployments.display.formatting import printable
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable, WidgetBuilderError
from tasks.core.settings import Settings


async def run_ask(settings: Settings, widget: str, question: str, *, as_json: bool, out: TextIO = sys.stdout) -> int:
    """Print the answer and its sources; return 0 when the site answers the question, else 1.

    Raises:
        InvalidRequest: there is no such widget, or the question is refused.
        DependencyUnavailable: no stack runs on the data directory and no API elsewhere is set, or it does not answer.
        WidgetBuilderError: the answer ended before it was complete.
    """
    path = f"/api/public/widgets/{api_client.parse_widget_id(widget)}/chat"
    async with aclosing(stream_answer(await _find_api_url(settings), path, question)) as events:
        async for line, event in events:
            if as_json:
                print(line, file=out, flush=True)
            else:
                _print(event, out)
            if event["type"] == "error":
                raise WidgetBuilderError(str(event["message"]))
            if event["type"] == "done":
                return 0 if event["answered"] else 1
    raise WidgetBuilderError(f"{BROKEN_OFF} Ask again.")


async def _find_api_url(settings: Settings) -> str:
    """Find the API of the stack running on the data directory, else the one at WIDGET_BUILDER_PUBLIC_URL."""
    if stack := await find_stack(settings.data_dir):
        return str(stack["api_url"])
    if settings.public_url is None:
        remedy = "start `widget-builder up`; for an API elsewhere, set WIDGET_BUILDER_PUBLIC_URL"
        raise DependencyUnavailable("API", f"no stack runs on {settings.data_dir}", remedy)
    return settings.public_url


def _print(event: dict[str, Any], out: TextIO) -> None:
    match event["type"]:
        case "token":
            print("\n".join(printable(line) for line in str(event["text"]).split("\n")), end="", file=out, flush=True)
        case "citations":
            print("\n", file=out)
            for citation in event["citations"]:
                print(printable(f"[{citation['n']}] {citation['title']}  {citation['url']}"), file=out)
        case "done" if event.get("suggestions"):
            print("\nThe widget can answer:", file=out)
            for suggestion in event["suggestions"]:
                print(printable(f"  {suggestion}"), file=out)
