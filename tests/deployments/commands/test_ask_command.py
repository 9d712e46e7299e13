"""The command `ask`: a visitor's question at the terminal, to a widget that was built."""

import io
import json

import pytest

from deployments.commands.ask_command import run_ask
from tasks.core.errors import DependencyUnavailable, InvalidRequest
from tasks.core.settings import Settings, load_settings
from tests.conftest import MakeSettings
from tests.product import Event, Product
from tests.sites import company_facts as facts
from tests.sites.server import Site

FACT = facts.FACTS[0]


@pytest.fixture
def settings_of(product: Product) -> Settings:
    """The settings of the running stack."""
    return load_settings(_env_file=None, data_dir=product.data_dir)


async def ask(settings: Settings, widget: str, question: str, *, as_json: bool = False) -> tuple[int, str]:
    """The exit code, and what was printed."""
    out = io.StringIO()
    return await run_ask(settings, widget, question, as_json=as_json, out=out), out.getvalue()


async def test_an_answer_is_printed_with_its_pages(settings_of: Settings, built: list[Event], company: Site) -> None:
    """Exit 0; the fact, and the address it comes from, numbered as in the text."""
    code, out = await ask(settings_of, built[0]["data"]["widget_id"], FACT.question)
    assert code == 0
    assert FACT.answer in out
    assert "[1] " in out
    assert company.url + FACT.path in out


async def test_what_the_site_does_not_say_exits_1(settings_of: Settings, built: list[Event]) -> None:
    """The output suggests questions that the widget can answer."""
    code, out = await ask(settings_of, built[0]["data"]["widget_id"], "Who won the football world cup in 1974?")
    assert code == 1
    assert "The widget can answer:" in out


async def test_json_is_an_event_a_line(settings_of: Settings, built: list[Event]) -> None:
    """Nothing else is printed."""
    code, out = await ask(settings_of, built[0]["data"]["widget_id"], FACT.question, as_json=True)
    types = [json.loads(line)["type"] for line in out.splitlines()]
    assert code == 0
    assert types[-2:] == ["citations", "done"]
    assert set(types[:-2]) == {"token"}


@pytest.mark.parametrize("widget", ["no id", "00000000-0000-4000-8000-000000000000"])
async def test_an_unknown_widget_is_refused(settings_of: Settings, built: list[Event], widget: str) -> None:
    """An invalid id, and the id of no widget."""
    with pytest.raises(InvalidRequest):
        await ask(settings_of, widget, "Anything?")


async def test_an_api_elsewhere_is_asked(settings: MakeSettings, product: Product, built: list[Event]) -> None:
    """WIDGET_BUILDER_PUBLIC_URL is used if no stack runs here; visitors need no token."""
    code, out = await ask(settings(public_url=product.info.api_url), built[0]["data"]["widget_id"], FACT.question)
    assert (code, FACT.answer in out) == (0, True)


async def test_without_a_stack_the_error_says_how_to_start_one(settings: MakeSettings) -> None:
    """No stack runs on the data directory."""
    with pytest.raises(DependencyUnavailable, match="widget-builder up"):
        await ask(settings(), "00000000-0000-4000-8000-000000000000", "Anything?")
