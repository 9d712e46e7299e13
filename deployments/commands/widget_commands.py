"""The commands `list`, `recrawl` and `delete`, for the widgets of the running stack."""

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
from deployments.commands.build_command import follow_build
from deployments.commands.interrupts import Interrupts
from deployments.display.build_display import open_display
from deployments.display.formatting import printable, to_text
from deployments.stack.prefect_login import describe_ui
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable, InvalidSetting
from tasks.core.events import EventType
from tasks.core.settings import Settings

_STYLES = {"ready": "green", "building": "cyan", "failed": "red"}


@dataclass(frozen=True)
class AdminEndpoint:
    """Address of an API and the administrator's token for it."""

    api_url: str
    token: str
    prefect_ui: str | None = None


async def find_admin_endpoint(settings: Settings) -> AdminEndpoint:
    """Find the stack running on the data directory, else the API at WIDGET_BUILDER_PUBLIC_URL if …_ADMIN_TOKEN is set.

    Raises:
        DependencyUnavailable: there is neither.
        InvalidSetting: the administrator's token is unknown.
    """
    stack = await find_stack(settings.data_dir)
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    if stack is not None:
        if not (token := stack.get("admin_token") or token):
            raise InvalidSetting(
                "WIDGET_BUILDER_ADMIN_TOKEN",
                "must be set: the running stack is of an earlier version and does not publish its token",
            )
        ui = describe_ui(stack.get("prefect_url"), stack.get("prefect_auth_string"), settings.data_dir)
        return AdminEndpoint(stack["api_url"], token, ui)
    if token is None:
        remedy = "start `widget-builder up`; for an API elsewhere, set WIDGET_BUILDER_PUBLIC_URL and …_ADMIN_TOKEN"
        raise DependencyUnavailable("API", f"no stack runs on {settings.data_dir}", remedy)
    return AdminEndpoint(settings.origin, token)


async def run_list(settings: Settings, console: Console, *, as_json: bool, out: TextIO = sys.stdout) -> int:
    """Show all widgets: a table on a terminal, else one line each, separated by tabs.

    Raises:
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    endpoint = await find_admin_endpoint(settings)
    widgets = await api_client.fetch_widgets(endpoint.api_url, endpoint.token)
    if as_json:
        for widget in widgets:
            print(json.dumps(widget, ensure_ascii=False), file=out)
    elif not widgets:
        console.print("There is no widget yet. Run `widget-builder build URL` to build one.", highlight=False)
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
    """Rebuild the widget and show the build; return 0 when it completed, else 1.

    Raises:
        InvalidRequest: there is no such widget.
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    widget_id = api_client.parse_widget_id(widget)
    endpoint = await find_admin_endpoint(settings)
    with open_display(console, as_json=as_json, prefect_url=endpoint.prefect_ui) as display:
        events = api_client.stream_recrawl(
            endpoint.api_url, widget_id, endpoint.token, allow_fewer_pages=allow_fewer_pages
        )
        outcome = await follow_build(events, endpoint.api_url, endpoint.token, display, interrupts)
    if outcome is EventType.builder_cancelled and interrupts.received:
        return interrupts.exit_code
    return 0 if outcome is EventType.builder_completed else 1


async def run_rollback(settings: Settings, widget: str, console: Console) -> int:
    """Let the widget answer from the build before; return 0.

    Raises:
        InvalidRequest: there is no such widget, or no earlier build.
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    widget_id = api_client.parse_widget_id(widget)
    endpoint = await find_admin_endpoint(settings)
    build_id = await api_client.request_rollback(endpoint.api_url, widget_id, endpoint.token)
    console.print(f"The widget answers from build {build_id} again.")
    return 0


async def run_publish(settings: Settings, widget: str, console: Console) -> int:
    """Let the widget answer from its held build; return 0.

    Raises:
        InvalidRequest: there is no such widget, or no held build.
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    widget_id = api_client.parse_widget_id(widget)
    endpoint = await find_admin_endpoint(settings)
    build_id = await api_client.request_publication(endpoint.api_url, widget_id, endpoint.token)
    console.print(f"The widget answers from build {build_id}.")
    return 0


async def run_delete(settings: Settings, widget: str, console: Console, *, ask: bool) -> int:
    """Delete the widget after confirmation; return 0, or 1 if it was not confirmed.

    Raises:
        InvalidRequest: there is no such widget.
        DependencyUnavailable, InvalidSetting: no stack runs, or its token is unknown.
    """
    widget_id = api_client.parse_widget_id(widget)
    endpoint = await find_admin_endpoint(settings)
    found = await api_client.fetch_widget(endpoint.api_url, widget_id, endpoint.token)
    name = printable(f"{found['chosen'].get('name') or found['name']} ({found['site_url']})")
    if ask and not _confirmed(console, name):
        console.print("Nothing was deleted.")
        return 1
    await api_client.request_deletion(endpoint.api_url, widget_id, endpoint.token)
    console.print(Text(f"Deleted: {name}"), soft_wrap=True)
    return 0


def _confirmed(console: Console, name: str) -> bool:
    question = Text(f"Delete {name} with its knowledge and conversations? [y/N] ")
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
        table.add_row(widget_id, to_text(state, _STYLES.get(widget["state"], "")), pages, built, site)
    return table


def _cells(widget: dict[str, Any]) -> list[str]:
    state = widget["state"]
    if state == "ready" and widget["build_status"] in ("pending", "running"):
        state = "ready, building"
    built = widget["built_at"]
    day = datetime.fromisoformat(built).astimezone().strftime("%Y-%m-%d %H:%M") if built else "–"
    cells = [widget["id"], state, str(widget["pages"]), day, widget["name"] or "–", widget["site_url"]]
    return [printable(cell) for cell in cells]
