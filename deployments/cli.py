"""The command `widget-builder`. Heavy modules are imported by the commands that need them, so that help is instant.

Exit codes: 0 done · 1 failed · 2 wrong usage, setting or request · 130 ended by Ctrl-C.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.core.errors import InvalidRequest, InvalidSetting, WidgetBuilderError
from tasks.core.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console

    from tasks.core.settings import Settings

USAGE = 2
WidgetId = Annotated[str, typer.Argument(metavar="WIDGET", help="The widget's id, as `build` and `list` print it.")]

app = typer.Typer(
    name="widget-builder",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn any website into an AI chat widget in the site's own colours and fonts, which answers from its pages.",
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
    """Handle options that need no command."""


@app.command("up")
def up_command() -> None:
    """Start all services and keep them running until Ctrl-C.

    Starts the API and a worker, and an embedded PostgreSQL and Prefect server unless DATABASE_URL and
    PREFECT_API_URL are set. If a port is in use, the next free one is taken.

    Exits with 0 when stopped, with 1 when a service cannot be started or crashes too often.
    """
    from deployments.commands.build_command import run_up
    from deployments.commands.interrupts import Interrupts

    interrupts = Interrupts()
    code = interrupts.run(run_up(_settings(), _console()))
    raise typer.Exit(0 if interrupts.received else code)


@app.command("egress")
def egress_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3128,
) -> None:
    """Run the egress gate as a service, the one way out of the network of the workers, until Ctrl-C.

    It connects to public addresses only, and to those of WIDGET_BUILDER_EGRESS_ALLOW. Workers use it by
    WIDGET_BUILDER_EGRESS_PROXY. Without a login: let nobody else reach the port.
    """
    from deployments.commands.egress_command import run_egress
    from deployments.commands.interrupts import Interrupts

    interrupts = Interrupts()
    code = interrupts.run(run_egress(_settings(), host, port))
    raise typer.Exit(0 if interrupts.received else code)


@app.command("build")
def build_command(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's start page, e.g. https://example.com/")],
    depth: Annotated[
        int, typer.Option(min=0, help="Links to follow from the start page; 0 reads the start page alone.")
    ] = 2,
    max_pages: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Maximum number of pages. [default: WIDGET_BUILDER_MAX_PAGES]"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as a line of JSON, and nothing else on stdout.")
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Keep the services running until Ctrl-C.")] = False,
) -> None:
    """Build a widget from a website and show its progress.

    Uses the services that `widget-builder up` runs on the same data directory; if there are none, starts them
    for this build and stops them afterwards. The first Ctrl-C cancels the build, the second leaves at once.

    Exits with 0 when the build completed, with 1 when it failed, with 130 after Ctrl-C.
    """
    from deployments.commands.build_command import BuildOptions, run_build
    from deployments.commands.interrupts import Interrupts

    chosen = BuildOptions(url, depth, max_pages, as_json, stay)
    interrupts = Interrupts()
    # With --json standard output carries events alone; all other messages go to standard error.
    work = run_build(_settings(), chosen, _console(to_stderr=as_json), interrupts)
    raise typer.Exit(interrupts.run(work))


@app.command("ask")
def ask_command(
    widget: WidgetId,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="A visitor's question.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Ask a widget a question and print the answer with its sources.

    Exits with 0 when the site answers the question, with 1 when it does not.
    """
    from deployments.commands.ask_command import run_ask

    raise typer.Exit(asyncio.run(run_ask(_settings(), widget, question, as_json=as_json)))


@app.command("evaluate")
def evaluate_command(
    widget: WidgetId,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Test questions: CSV or JSON with question, page and text.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each question and the totals as a line of JSON.")
    ] = False,
    at_least: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, show_default=False, help="Percentage of right answers below which to exit with 1."
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Ask them before new knowledge is published.")] = False,
) -> None:
    """Ask a widget test questions and compare its answers with those expected.

    FILE has a line for each question: `question`, and `page` (URL or path of the page to cite), `text` (words of the
    answer, or a regular expression between slashes) or both; `none` where the site does not answer. The questions
    appear in no conversation and in no insight. With --keep they take the place of the widget's test questions.

    Exits with 1 if fewer answers are right than --at-least, with 2 if FILE has an error.
    """
    from deployments.commands.evaluate_command import run_evaluate

    console = _console(to_stderr=as_json)
    work = run_evaluate(_settings(), widget, file, console, as_json=as_json, at_least=at_least, keep=keep)
    raise typer.Exit(asyncio.run(work))


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print each widget as a line of JSON.")] = False,
) -> None:
    """List all widgets with state and number of pages, newest first."""
    from deployments.commands.widget_commands import run_list

    raise typer.Exit(asyncio.run(run_list(_settings(), _console(), as_json=as_json)))


@app.command("recrawl")
def recrawl_command(
    widget: WidgetId,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as a line of JSON, and nothing else on stdout.")
    ] = False,
    allow_fewer_pages: Annotated[bool, typer.Option(help="Accept far fewer pages than the widget has now.")] = False,
) -> None:
    """Rebuild a widget from its website and show the progress.

    The widget answers from its old knowledge until the new is complete. It keeps the old if the new crawl finds fewer
    than 70 % of its pages: a site that fails, or shows a login page, does not empty the widget. If the widget is
    already being built, that build is shown. The first Ctrl-C cancels the build, the second leaves at once.

    Exits with 0 when the build completed, with 1 when it failed, with 130 after Ctrl-C.
    """
    from deployments.commands.interrupts import Interrupts
    from deployments.commands.widget_commands import run_recrawl

    interrupts = Interrupts()
    console = _console(to_stderr=as_json)
    work = run_recrawl(_settings(), widget, console, interrupts, as_json=as_json, allow_fewer_pages=allow_fewer_pages)
    raise typer.Exit(interrupts.run(work))


@app.command("rollback")
def rollback_command(
    widget: WidgetId,
) -> None:
    """Let a widget answer from the build before its present one.

    The builds kept are those of WIDGET_BUILDER_KEEP_JOBS. A later re-crawl goes on from there.

    Exits with 1 if there is no such widget or no earlier build.
    """
    from deployments.commands.widget_commands import run_rollback

    raise typer.Exit(asyncio.run(run_rollback(_settings(), widget, _console())))


@app.command("publish")
def publish_command(
    widget: WidgetId,
) -> None:
    """Let a widget answer from its latest build that was held back for its fewer pages or worse answers.

    Exits with 1 if there is no such widget or no such build.
    """
    from deployments.commands.widget_commands import run_publish

    raise typer.Exit(asyncio.run(run_publish(_settings(), widget, _console())))


@app.command("delete")
def delete_command(
    widget: WidgetId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a widget with its knowledge and conversations.

    Asks for confirmation on a terminal. Pages that still contain the widget's snippet show nothing.

    Exits with 1 if there is no such widget or you do not confirm.
    """
    from deployments.commands.widget_commands import run_delete

    raise typer.Exit(asyncio.run(run_delete(_settings(), widget, _console(), ask=sys.stdin.isatty() and not yes)))


@app.command("inspect")
def inspect_command(
    inputs: Annotated[list[str], typer.Argument(metavar="URL|FILE...", help="URLs of pages, or saved HTML files.")],
    theme: Annotated[bool, typer.Option("--theme", help="Show the theme too, with the source of each part.")] = False,
    base_url: Annotated[
        str | None,
        typer.Option(show_default=False, help="Original URL of saved files, to which their links are relative."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each input as a line of JSON.")] = False,
) -> None:
    """Show the content, links and metadata that the builder reads.

    Needs no running services. Exits with 1 if a page cannot be read or would be skipped.
    """
    from deployments.commands.inspect_command import run_inspect

    work = run_inspect(_settings(), inputs, _console(), base_url=base_url, with_theme=theme, as_json=as_json)
    raise typer.Exit(asyncio.run(work))


@app.command("backup")
def backup_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; one that is there is replaced.")],
) -> None:
    """Write all data of the product to one file.

    Widgets, looks, pages, own answers, conversations, e-mail addresses and tokens' hashes: from DATABASE_URL, the stack
    that runs on the data directory, or its stopped database. Builds and chats go on meanwhile, and are in the file as
    they were at its start. It is readable by its owner only.

    Exits with 1 if the file cannot be written.
    """
    from deployments.commands.backup_commands import run_backup

    raise typer.Exit(_run_interruptible(lambda: run_backup(_settings(), file, _console())))


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` has written.")],
    replace: Annotated[bool, typer.Option("--replace", help="Delete all widgets of the database first.")] = False,
) -> None:
    """Restore all data from a file into a database without widgets.

    The database is found as by `backup`. A file of an earlier version is migrated. The whole file is checked first: if
    it is damaged, or anything fails, the database stays as it was.

    Exits with 1 if nothing was restored.
    """
    from deployments.commands.backup_commands import run_restore

    raise typer.Exit(_run_interruptible(lambda: run_restore(_settings(), file, _console(), replace=replace)))


@app.command("doctor")
def doctor_command() -> None:
    """Check every dependency and suggest a fix.

    Exits with 1 if a check fails.
    """
    settings = _settings()
    from deployments.checks.doctor import examine
    from deployments.display.findings import render_findings

    # The findings say what the checked parts log.
    logging.getLogger("widget_builder").addHandler(logging.NullHandler())
    findings = asyncio.run(examine(settings))
    _console().print(render_findings(findings))
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command("migrate")
def migrate_command(
    finish: Annotated[
        bool, typer.Option("--finish", help="Also drop what only the version before needs, once it runs nowhere.")
    ] = False,
) -> None:
    """Upgrade the schema of your own database; safe to repeat.

    The database is the one at DATABASE_URL. Workers and API of the version before may go on meanwhile, unless --finish.
    """
    database_url = _settings().database_url
    if database_url is None:
        raise InvalidSetting("DATABASE_URL", "must be set; `widget-builder up` migrates the embedded database itself")
    from tasks.records.schema import migrate, newest_version

    if migrate(database_url.get_secret_value(), contract=finish) == newest_version():
        _console().print("The database has the newest schema.")
    else:
        _console().print(
            "The database has the schema that this version needs. Once no worker and no API of the version before runs,"
            " `widget-builder migrate --finish` drops what only that needs."
        )


@app.command("register")
def register_command() -> None:
    """Set up your own Prefect server; safe to repeat.

    Creates the concurrency limits, work pool, deployments and automations on the server at PREFECT_API_URL.
    """
    settings = _settings()
    if settings.prefect_api_url is None:
        raise InvalidSetting("PREFECT_API_URL", "must be set; `widget-builder up` sets up the embedded server itself")
    from deployments.stack.registration import register_deployments

    asyncio.run(register_deployments(settings))
    _console().print(f"{redact(settings.prefect_api_url)} has the limits, work pool, deployments and automations.")


def main() -> None:
    """Run the command line; errors go to standard error, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # An encoding that lacks a character shows a question mark instead of raising UnicodeEncodeError.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="widget-builder")
    except WidgetBuilderError as error:
        print(_format_error(error), file=sys.stderr)
        is_usage = isinstance(error, InvalidSetting) or (
            isinstance(error, InvalidRequest) and error.status in (400, 422)
        )
        sys.exit(USAGE if is_usage else 1)


def _format_error(error: WidgetBuilderError) -> str:
    """The error as text: one line, or more if it carries a service's last log lines."""
    from deployments.display.formatting import printable

    return "\n".join(printable(line) for line in f"widget-builder: {error}".splitlines())


def _run_interruptible(work: Callable[[], None]) -> int:
    try:
        work()
    except KeyboardInterrupt:
        return 130
    return 0


def _settings() -> "Settings":
    from tasks.core.redacted_logs import redact_logs
    from tasks.core.settings import load_settings

    settings = load_settings()
    redact_logs(settings)
    return settings


def _console(*, to_stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=to_stderr)


if __name__ == "__main__":
    main()
