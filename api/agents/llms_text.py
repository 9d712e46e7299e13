"""`llms.txt`: a site's knowledge as one page of Markdown for agents, in the form of llmstxt.org."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from api.app_state import app_state
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.visits import current_visit
from api.widgets.public_routes import PATH
from tasks.core.facts import Fact, FactKind
from tasks.records.budgets import RatedAction
from tasks.records.fact_records import read_site_facts
from tasks.records.own_answers import OwnAnswer, list_own_answers
from tasks.records.stored_pages import PageEntry, list_stored_pages
from tasks.records.widgets import WidgetRecord

MAX_PAGES = 1_000
MAX_FACTS = 60
MAX_DESCRIPTION = 300
LABELS = {
    FactKind.legal_name: "Company",
    FactKind.address: "Address",
    FactKind.phone: "Telephone",
    FactKind.email: "E-mail",
    FactKind.hours: "Opening hours",
    FactKind.social: "Profile",
    FactKind.payment: "Payment",
    FactKind.shipping: "Shipping",
    FactKind.offer: "Offer",
}
"""Facts that are listed, with their names."""


async def show_llms_text(request: Request) -> Response:
    """GET …/{id}/llms.txt: facts, the owner's own answers, and the pages with their descriptions, as Markdown."""
    state, widget = app_state(request), current_visit().widget
    facts = [fact.told for fact in await read_site_facts(state.pool, widget.id)]
    parts = [
        *_heading(widget, f"{state.settings.origin}/mcp/{widget.id}"),
        *_section("Facts", _facts([fact for fact in facts if fact is not None])),
        *_section("Questions and answers", _answers(await list_own_answers(state.pool, widget.id))),
        *_section("Pages", _pages(await list_stored_pages(state.pool, widget.id, MAX_PAGES))),
    ]
    # Plain text: a browser shows it, and nothing in it can be taken for markup.
    return Response("\n".join(parts) + "\n", media_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})


def _heading(widget: WidgetRecord, tools_url: str) -> Iterator[str]:
    yield f"# {_line(widget.name or widget.site_url)}"
    yield ""
    yield f"> What is known of <{widget.site_url}>, as read from its pages."
    yield ""
    yield f"Search and full texts: the tools `search` and `fetch` of the MCP server at <{tools_url}>."


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    if found := list(lines):
        yield from ("", f"## {title}", "", *found)


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    for fact in [fact for fact in facts if fact.kind in LABELS][:MAX_FACTS]:
        label = f" ({_line(fact.label)})" if fact.label else ""
        yield f"- {LABELS[fact.kind]}{label}: {_line(fact.value)}"


def _answers(answers: Sequence[OwnAnswer]) -> Iterator[str]:
    for answer in answers:
        if answer.is_valid(datetime.now(UTC)):
            yield f"- {_line(answer.questions[0])} {_line(answer.answer)}"


def _pages(pages: Sequence[PageEntry]) -> Iterator[str]:
    for page in pages:
        title = _line(page.title or page.url).replace("[", "(").replace("]", ")")
        # Angle brackets: an address may hold parentheses.
        yield f"- [{title}](<{page.url}>)" + (f": {_line(page.description)}" if page.description else "")


def _line(text: str) -> str:
    """Return the text in one line, without the end of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_DESCRIPTION else line[: MAX_DESCRIPTION - 1] + "…"


routes = [PublicRoute(PATH + "/llms.txt", show_llms_text, Guard(OriginRule.widget, RatedAction.requests), ["GET"])]
