"""The command `widget-builder`. What is heavy is imported by the command that needs it: help is instant.

Exit codes: 0 done · 1 failed · 2 wrong usage, setting or request · 130 ended by Ctrl-C.
"""

import asyncio
import io
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.core.errors import InvalidRequest, InvalidSetting, WidgetBuilderError

if TYPE_CHECKING:
    from rich.console import Console

    from tasks.core.settings import Settings

USAGE = 2

app = typer.Typer(
    name="widget-builder",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Give it a website's address: an AI chat widget in the site's own look, answering from the site's own pages.",
    epilog="Settings come from the environment and from .env: DATABASE_URL, PREFECT_API_URL, "
    "OPENAI_API_KEY, OPENAI_BASE_URL, and WIDGET_BUILDER_… for all others.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"widget-builder {version('ai-widget-builder')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that need no command."""


@app.command()
def up() -> None:
    """Start all services and keep them up until Ctrl-C.

    PostgreSQL and Prefect are embedded unless DATABASE_URL and PREFECT_API_URL name others; a worker and
    the API are started beside them. Other ports are taken when the usual ones are in use.

    Exits with 0 when stopped, with 1 when a service cannot be started or died for good.
    """
    from deployments.commands.build_command import run_up
    from deployments.commands.interrupts import Interrupts

    interrupts = Interrupts()
    code = interrupts.run(run_up(_settings(), _console()))
    raise typer.Exit(0 if interrupts.received else code)


@app.command()
def build(
    url: Annotated[str, typer.Argument(help="The site's start page, e.g. https://example.com/")],
    depth: Annotated[
        int, typer.Option(min=0, help="Links to follow from the start page; 0 reads that page alone.")
    ] = 2,
    max_pages: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Most pages to read. [default: WIDGET_BUILDER_MAX_PAGES]"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line for each event, nothing else on stdout.")
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Keep the services up afterwards, until Ctrl-C.")] = False,
) -> None:
    """Build a widget from a website and show how it comes along.

    Uses the stack that `widget-builder up` runs on the same data directory; if there is none, starts one
    for this build and stops it afterwards. The first Ctrl-C cancels the build, a second one leaves at once.

    Exits with 0 when the build completed, with 1 when it failed, with 130 after Ctrl-C.
    """
    from deployments.commands.build_command import Order, run_build
    from deployments.commands.interrupts import Interrupts

    order = Order(url, depth, max_pages, as_json, stay)
    interrupts = Interrupts()
    # With --json standard output belongs to the events; what we say ourselves goes to standard error.
    work = run_build(_settings(), order, _console(to_stderr=as_json), interrupts)
    raise typer.Exit(interrupts.run(work))


@app.command()
def ask(
    widget: Annotated[str, typer.Argument(help="The widget's id, as `build` prints it.")],
    question: Annotated[str, typer.Argument(help="What a visitor would ask.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each event.")] = False,
) -> None:
    """Ask a widget of the running stack, and print its answer with the pages it comes from.

    Exits with 0 when the site answers the question, with 1 when it does not say.
    """
    from deployments.commands.ask_command import run_ask

    raise typer.Exit(asyncio.run(run_ask(_settings(), widget, question, as_json=as_json)))


@app.command("list")
def list_widgets(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each widget.")] = False,
) -> None:
    """List the widgets of the running stack, newest first: how each stands, and what it answers from."""
    from deployments.commands.widget_commands import run_list

    raise typer.Exit(asyncio.run(run_list(_settings(), _console(), as_json=as_json)))


@app.command()
def recrawl(
    widget: Annotated[str, typer.Argument(help="The widget's id, as `build` and `list` print it.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line for each event, nothing else on stdout.")
    ] = False,
    allow_fewer_pages: Annotated[
        bool, typer.Option(help="Take what is found although the site gives far fewer pages than the widget has.")
    ] = False,
) -> None:
    """Build a widget of the running stack anew and show how it comes along.

    It answers from its old knowledge until the new is complete, and goes on so if the site gives less than 70 % of
    the pages it has: a site that is ill, or shows a login page, does not empty the widget. If it is being built
    already, that build is shown. The first Ctrl-C cancels the build, a second one leaves at once.

    Exits with 0 when the build completed, with 1 when it failed, with 130 after Ctrl-C.
    """
    from deployments.commands.interrupts import Interrupts
    from deployments.commands.widget_commands import run_recrawl

    interrupts = Interrupts()
    console = _console(to_stderr=as_json)
    work = run_recrawl(_settings(), widget, console, interrupts, as_json=as_json, allow_fewer_pages=allow_fewer_pages)
    raise typer.Exit(interrupts.run(work))


@app.command()
def delete(
    widget: Annotated[str, typer.Argument(help="The widget's id, as `build` and `list` print it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first. Only a terminal is asked.")] = False,
) -> None:
    """Delete a widget of the running stack with its knowledge and conversations.

    Pages that still have its snippet draw nothing. Exits with 1 if there is no such widget, or you think better of it.
    """
    from deployments.commands.widget_commands import run_delete

    raise typer.Exit(asyncio.run(run_delete(_settings(), widget, _console(), ask=sys.stdin.isatty() and not yes)))


@app.command()
def inspect(
    inputs: Annotated[
        list[str], typer.Argument(metavar="URL|FILE...", help="Addresses of pages, or HTML files saved from them.")
    ],
    theme: Annotated[
        bool, typer.Option("--theme", help="Read it as a start page: its theme too, with where each part was found.")
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option(show_default=False, help="Where saved files come from: what their links are relative to."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each input.")] = False,
) -> None:
    """Show what the builder reads from pages: title, content, links, metadata, and how it was read.

    Needs no running stack. Exits with 1 if a page cannot be read or would be left out.
    """
    from deployments.commands.inspect_command import run_inspect

    work = run_inspect(_settings(), inputs, _console(), base_url=base_url, with_theme=theme, as_json=as_json)
    raise typer.Exit(asyncio.run(work))


@app.command()
def doctor() -> None:
    """Check every dependency: what is wrong, and how to mend it.

    Exits with 1 if something is wrong.
    """
    settings = _settings()
    from deployments.checks.doctor import examine
    from deployments.display.findings import render_findings

    findings = asyncio.run(examine(settings))
    _console().print(render_findings(findings))
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def migrate() -> None:
    """Bring DATABASE_URL to the newest schema; safe to repeat."""
    database_url = _settings().database_url
    if database_url is None:
        raise InvalidSetting("DATABASE_URL", "is needed: the embedded database is migrated by `up`")
    from tasks.records.schema import migrate as migrate_schema

    migrate_schema(database_url.get_secret_value())
    _console().print("The database has the newest schema.")


@app.command()
def register() -> None:
    """Set up a Prefect server of one's own; safe to repeat.

    Creates the concurrency limits, the work pool and the deployments on the server at PREFECT_API_URL.
    """
    settings = _settings()
    if settings.prefect_api_url is None:
        raise InvalidSetting("PREFECT_API_URL", "is needed: the embedded server is set up by `up`")
    from deployments.stack.registration import register as register_all

    asyncio.run(register_all(settings))
    _console().print(f"{settings.prefect_api_url} has the limits, the work pool and the deployments.")


def main() -> None:
    """Run the command line; what goes wrong is said on standard error, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character shows a question mark instead of ending the program.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="widget-builder")
    except WidgetBuilderError as error:
        print(_said(error), file=sys.stderr)
        is_usage = isinstance(error, InvalidSetting) or (
            isinstance(error, InvalidRequest) and error.status in (400, 422)
        )
        sys.exit(USAGE if is_usage else 1)


def _said(error: WidgetBuilderError) -> str:
    """The error for people: one line, or several when a service's last log lines belong to it."""
    from deployments.display.wording import clean

    return "\n".join(clean(line) for line in f"widget-builder: {error}".splitlines())


def _settings() -> "Settings":
    from tasks.core.settings import load_settings

    return load_settings()


def _console(*, to_stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=to_stderr)


if __name__ == "__main__":
    main()
