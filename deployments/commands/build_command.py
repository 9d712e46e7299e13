"""The commands `up` and `build`: start the stack, build on it, stop both in order."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from deployments.commands import api_client
from deployments.commands.interrupts import Interrupts
from deployments.display.build_display import Display, open_display
from deployments.display.service_display import open_service_display
from deployments.stack.prefect_login import describe_ui
from deployments.stack.stack_file import find_stack
from tasks.core.addresses import is_bare
from tasks.core.errors import WidgetBuilderError
from tasks.core.events import BuildEvent, EventType
from tasks.core.requests import parse_build_request
from tasks.core.settings import Settings

if TYPE_CHECKING:
    from deployments.stack.embedded_stack import Stack

T = TypeVar("T")


@dataclass(frozen=True)
class BuildOptions:
    """A build's request and output options from the command line."""

    url: str
    depth: int
    max_pages: int | None = None
    as_json: bool = False
    stay: bool = False


@dataclass(frozen=True)
class Endpoint:
    """The stack that builds; `stack` is set if this command started it."""

    api_url: str
    prefect_ui: str | None
    """Address of Prefect's UI, and where its password is."""
    admin_token: str | None = None
    stack: "Stack | None" = None


async def run_up(settings: Settings, console: Console) -> int:
    """Run the stack until it is stopped.

    Raises:
        DependencyUnavailable: a service cannot be started, or crashed too often; with its last log lines.
    """
    from deployments.stack.embedded_stack import open_stack

    with open_service_display(console, keep=True) as display:
        async with open_stack(settings, display.report) as stack:
            endpoint = _endpoint(stack, settings)
            display.show_addresses(_addresses(endpoint, settings))
            await stack.wait()
    return 1


async def run_build(settings: Settings, options: BuildOptions, console: Console, interrupts: Interrupts) -> int:
    """Build a widget on the running stack, or on one started for it; return 0 when the build completed, else 1.

    Raises:
        InvalidRequest: the request is invalid; no service was started.
        WidgetBuilderError: the stack cannot be started, crashed, or does not answer.
    """
    async with AsyncExitStack() as services:
        endpoint = await _find_or_start_stack(settings, options, console, services)
        with open_display(console, as_json=options.as_json, prefect_url=endpoint.prefect_ui) as display:
            events = api_client.stream_build(endpoint.api_url, options.url, options.depth, options.max_pages)
            build = follow_build(events, endpoint.api_url, endpoint.admin_token, display, interrupts)
            outcome = await run_while_up(endpoint.stack, build)
        if outcome is EventType.builder_cancelled and interrupts.received:
            return interrupts.exit_code
        if options.stay:
            # The summary has shown Prefect's UI; with --json there is no summary.
            shown = endpoint if options.as_json else replace(endpoint, prefect_ui=None)
            await _print_and_stay(shown, settings, console, interrupts)
    return 0 if outcome is EventType.builder_completed else 1


async def _find_or_start_stack(
    settings: Settings, options: BuildOptions, console: Console, services: AsyncExitStack
) -> Endpoint:
    running = await find_stack(settings.data_dir)
    if running is not None:
        ui = describe_ui(running.get("prefect_url"), running.get("prefect_auth_string"), settings.data_dir)
        return Endpoint(running["api_url"], ui, running.get("admin_token"))
    # Checked first: a wrong address should not cost the start of all services.
    url = f"https://{options.url}" if is_bare(options.url) else options.url
    parse_build_request(settings, url, options.depth, options.max_pages)
    from deployments.stack.embedded_stack import open_stack

    with open_service_display(console, keep=False) as display:
        stack = await services.enter_async_context(open_stack(settings, display.report))
    if console.is_terminal:
        services.callback(console.print, "Stopping the services …", style="dim")
    return replace(_endpoint(stack, settings), stack=stack)


async def follow_build(
    build: AsyncGenerator[BuildEvent, None],
    api_url: str,
    admin_token: str | None,
    display: Display,
    interrupts: Interrupts,
) -> EventType:
    """Show all events of the build; return the type of the last. The first interrupt cancels the build.

    The build is cancelled with the owner's token of its first event, or else with the administrator's.
    """
    interrupted = asyncio.Event()
    started: asyncio.Future[BuildEvent] = asyncio.get_running_loop().create_future()
    interrupts.set_first_handler(interrupted.set)
    canceller = asyncio.create_task(_cancel_on_interrupt(interrupted, started, api_url, admin_token, display))
    try:
        async with aclosing(build) as events:
            async for event in events:
                display.show(event)
                if not started.done():
                    started.set_result(event)
        return event.type
    finally:
        interrupts.set_first_handler(None)
        canceller.cancel()


async def _cancel_on_interrupt(
    interrupted: asyncio.Event,
    started: asyncio.Future[BuildEvent],
    api_url: str,
    admin_token: str | None,
    display: Display,
) -> None:
    await interrupted.wait()
    display.show_notice("Cancelling the build … Press Ctrl-C again to leave at once.")
    first = await started
    token = first.data.get("owner_token") or admin_token or ""
    try:
        await api_client.request_cancellation(api_url, first.build_id, token)
    except WidgetBuilderError as error:
        display.show_notice(f"The build could not be cancelled: {error.message} Press Ctrl-C again to leave at once.")


async def _print_and_stay(endpoint: Endpoint, settings: Settings, console: Console, interrupts: Interrupts) -> None:
    """Print the addresses; if this command started the stack, keep it up until an interrupt."""
    for name, value in _addresses(endpoint, settings):
        console.print(f"{name:<12}{value}", soft_wrap=True, highlight=False, markup=False)
    if endpoint.stack is None:
        return
    console.print("Press Ctrl-C to stop all services.", style="dim")
    stop = asyncio.Event()
    interrupts.set_first_handler(stop.set)
    await run_while_up(endpoint.stack, stop.wait())


async def run_while_up(stack: "Stack | None", work: Coroutine[Any, Any, T]) -> T:
    """Return the work's result; raise the stack's error if one of its services crashes too often before."""
    task = asyncio.create_task(work)
    crash = None if stack is None else asyncio.create_task(stack.wait())
    try:
        await asyncio.wait([task] if crash is None else [task, crash], return_when=asyncio.FIRST_COMPLETED)
        if crash is not None and crash.done() and not task.done():
            crash.result()
        return await task
    finally:
        tasks = [task] if crash is None else [task, crash]
        for unfinished in tasks:
            unfinished.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _endpoint(stack: "Stack", settings: Settings) -> Endpoint:
    info = stack.info
    ui = describe_ui(info.prefect_url, info.prefect_auth_string, settings.data_dir)
    return Endpoint(info.api_url, ui, info.admin_token)


def _addresses(endpoint: Endpoint, settings: Settings) -> list[tuple[str, str]]:
    found = [
        ("Onboarding", f"{endpoint.api_url}/"),
        ("Prefect UI", endpoint.prefect_ui),
        ("Data", str(settings.data_dir.resolve())),
    ]
    return [(name, value) for name, value in found if value]
