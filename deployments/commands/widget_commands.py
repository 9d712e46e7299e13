"""What the commands `list`, `recrawl` and `delete` do: the widgets of the running stack, as its operator sees them."""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments.commands import api_client
from deployments.commands.build_command import follow
from deployments.commands.interrupts import Interrupts
from deployments.display.terminal import open_display
from deployments.display.wording import clean, words
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable, InvalidSetting
from tasks.core.events import EventType
from tasks.core.settings import Settings

_STYLES = {"ready": "green", "building": "cyan", "failed": "red"}


@dataclass(frozen=True)
class Operated:
    """An API, and the administrator's token for it."""

    api_url: str
    token: str
    prefect_url: str | None = None


async def find_operated(settings: Settings) -> Operated:
    """The stack that runs on the data directory; with WIDGET_BUILDER_ADMIN_TOKEN set, else the API where it should be.

    Raises:
        DependencyUnavailable: neither answers.
        InvalidSetting: there is no token for it.
    """
    stack = await find_stack(settings.data_dir)
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    if stack is not None:
        if not (token := stack.get("admin_token") or token):
            raise InvalidSetting("WIDGET_BUILDER_ADMIN_TOKEN", "is needed for a stack of an earlier version")
        return Operated(stack["api_url"], token, stack.get("prefect_url"))
    if token is None:
        remedy = "start `widget-builder up`; for an API elsewhere, set WIDGET_BUILDER_PUBLIC_URL and …_ADMIN_TOKEN"
        raise DependencyUnavailable("API", f"no stack runs on {settings.data_dir}", remedy)
    return Operated(settings.origin, token)


async def run_list(settings: Settings, console: Console, *, as_json: bool, out: TextIO = sys.stdout) -> int:
    """Show all widgets: a table on a terminal, else a line each, with tabs.

    Raises:
        DependencyUnavailable, InvalidSetting: there is no stack, or no token for it.
    """
    place = await find_operated(settings)
    widgets = await api_client.read_widgets(place.api_url, place.token)
    if as_json:
        for widget in widgets:
            print(json.dumps(widget, ensure_ascii=False), file=out)
    elif not widgets:
        console.print("There is no widget yet: `widget-builder build URL` makes one.", highlight=False)
    elif console.is_terminal:
        console.print(_table(widgets))
    else:
        for widget in widgets:
            print("\t".join(_cells(widget)), file=out)
    return 0


async def run_recrawl(
    settings: Settings,
    widget: str,
    console: Console,
    interrupts: Interrupts,
    *,
    as_json: bool,
    allow_fewer_pages: bool = False,
) -> int:
    """Build the widget anew and show it: 0 when that completed, else 1.

    Raises:
        InvalidRequest: there is no such widget.
        DependencyUnavailable, InvalidSetting: there is no stack, or no token for it.
    """
    widget_id = api_client.parse_widget(widget)
    place = await find_operated(settings)
    with open_display(console, as_json=as_json, prefect_url=place.prefect_url) as display:
        events = api_client.recrawl(place.api_url, widget_id, place.token, allow_fewer_pages=allow_fewer_pages)
        outcome = await follow(events, place.api_url, display, interrupts)
    if outcome is EventType.builder_cancelled and interrupts.received:
        return interrupts.exit_code
    return 0 if outcome is EventType.builder_completed else 1


async def run_delete(settings: Settings, widget: str, console: Console, *, ask: bool) -> int:
    """Delete the widget, if it is meant: 0; else 1.

    Raises:
        InvalidRequest: there is no such widget.
        DependencyUnavailable, InvalidSetting: there is no stack, or no token for it.
    """
    widget_id = api_client.parse_widget(widget)
    place = await find_operated(settings)
    found = await api_client.read_widget(place.api_url, widget_id, place.token)
    name = clean(f"{found['chosen'].get('name') or found['name']} ({found['site_url']})")
    if ask and not _confirmed(console, name):
        console.print("Nothing was deleted.")
        return 1
    await api_client.delete_widget(place.api_url, widget_id, place.token)
    console.print(Text(f"Deleted: {name}"), soft_wrap=True)
    return 0


def _confirmed(console: Console, name: str) -> bool:
    question = Text(f"Delete {name} with all it knows and all conversations? [y/N] ")
    try:
        return console.input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _table(widgets: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", border_style="bright_black")
    table.add_column("Widget", no_wrap=True, min_width=36)
    table.add_column("State", no_wrap=True)
    table.add_column("Pages", justify="right")
    table.add_column("Built", no_wrap=True)
    table.add_column("Site", overflow="fold")
    for widget in widgets:
        widget_id, state, pages, built, name, url = _cells(widget)
        site = Text.assemble(name, (f"  {url}", "dim"))
        table.add_row(widget_id, words(state, _STYLES.get(widget["state"], "")), pages, built, site)
    return table


def _cells(widget: dict[str, Any]) -> list[str]:
    state = widget["state"]
    if state == "ready" and widget["build_status"] in ("pending", "running"):
        state = "ready, building"
    built = widget["built_at"]
    day = datetime.fromisoformat(built).astimezone().strftime("%Y-%m-%d %H:%M") if built else "–"
    cells = [widget["id"], state, str(widget["pages"]), day, widget["name"] or "–", widget["site_url"]]
    return [clean(cell) for cell in cells]
