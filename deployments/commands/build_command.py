"""What the commands `up` and `build` do: the stack, a build on it, and an end in order."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from rich.console import Console

from deployments.commands import api_client
from deployments.commands.interrupts import Interrupts
from deployments.display.startup import open_service_display
from deployments.display.terminal import Display, open_display
from deployments.stack.stack_file import find_stack
from tasks.core.errors import WidgetBuilderError
from tasks.core.events import BuildEvent, EventType
from tasks.core.requests import parse_build_request
from tasks.core.settings import Settings

if TYPE_CHECKING:
    from deployments.stack.embedded_stack import Stack

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """A build as asked for on the command line."""

    url: str
    depth: int
    max_pages: int | None = None
    as_json: bool = False
    stay: bool = False


@dataclass(frozen=True)
class Place:
    """Where the build is made: a stack that ran already, or (`stack`) one of our own."""

    api_url: str
    prefect_url: str | None
    stack: "Stack | None" = None


async def run_up(settings: Settings, console: Console) -> int:
    """Run the stack for as long as nobody stops it.

    Raises:
        DependencyUnavailable: a service cannot be started, or died for good; with its last log lines.
    """
    from deployments.stack.embedded_stack import open_stack

    with open_service_display(console, keep=True) as display:
        async with open_stack(settings, display.report) as stack:
            place = Place(stack.info.api_url, stack.info.prefect_url)
            display.tell(_addresses(place, settings))
            await stack.wait()
    return 1


async def run_build(settings: Settings, order: Order, console: Console, interrupts: Interrupts) -> int:
    """Build a widget on the running stack, or on one started for it: 0 when the build completed, else 1.

    Raises:
        InvalidRequest: the request is refused; no service was started for it.
        WidgetBuilderError: the stack cannot be started, or died, or does not answer.
    """
    async with AsyncExitStack() as services:
        place = await _find_place(settings, order, console, services)
        with open_display(console, as_json=order.as_json, prefect_url=place.prefect_url) as display:
            events = api_client.build(place.api_url, order.url, order.depth, order.max_pages)
            build = follow(events, place.api_url, display, interrupts)
            outcome = await _while_up(place.stack, build)
        if outcome is EventType.builder_cancelled and interrupts.received:
            return interrupts.exit_code
        if order.stay:
            # The summary, which machines do not get, has named Prefect's UI.
            await _stay(place if order.as_json else replace(place, prefect_url=None), settings, console, interrupts)
    return 0 if outcome is EventType.builder_completed else 1


async def _find_place(settings: Settings, order: Order, console: Console, services: AsyncExitStack) -> Place:
    running = await find_stack(settings.data_dir)
    if running is not None:
        return Place(running["api_url"], running.get("prefect_url"))
    # Nobody waits for services to hear that the address is wrong.
    parse_build_request(settings, order.url, order.depth, order.max_pages)
    from deployments.stack.embedded_stack import open_stack

    with open_service_display(console, keep=False) as display:
        stack = await services.enter_async_context(open_stack(settings, display.report))
    if console.is_terminal:
        services.callback(console.print, "Stopping the services …", style="dim")
    return Place(stack.info.api_url, stack.info.prefect_url, stack)


async def follow(
    build: AsyncGenerator[BuildEvent, None], api_url: str, display: Display, interrupts: Interrupts
) -> EventType:
    """The type of the build's last event, all of them shown; the first interrupt cancels the build."""
    wanted = asyncio.Event()
    started: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()
    interrupts.ask_first(wanted.set)
    canceller = asyncio.create_task(_cancel_when(wanted, started, api_url, display))
    try:
        async with aclosing(build) as events:
            async for event in events:
                display.show(event)
                if not started.done():
                    started.set_result(event.build_id)
        return event.type
    finally:
        interrupts.ask_first(None)
        canceller.cancel()


async def _cancel_when(wanted: asyncio.Event, started: asyncio.Future[UUID], api_url: str, display: Display) -> None:
    await wanted.wait()
    display.say("Cancelling the build … Ctrl-C again leaves at once.")
    try:
        await api_client.cancel(api_url, await started)
    except WidgetBuilderError as error:
        display.say(f"The build could not be cancelled: {error.message} Ctrl-C again leaves at once.")


async def _stay(place: Place, settings: Settings, console: Console, interrupts: Interrupts) -> None:
    """Say where things are and, if the stack is ours, keep it up until an interrupt."""
    for name, value in _addresses(place, settings):
        console.print(f"{name:<12}{value}", soft_wrap=True, highlight=False, markup=False)
    if place.stack is None:
        return
    console.print("Ctrl-C stops all of it.", style="dim")
    stop = asyncio.Event()
    interrupts.ask_first(stop.set)
    await _while_up(place.stack, stop.wait())


async def _while_up(stack: "Stack | None", work: Coroutine[Any, Any, T]) -> T:
    """The work's result, unless a service of the stack dies for good before: then the stack's error."""
    task = asyncio.create_task(work)
    death = None if stack is None else asyncio.create_task(stack.wait())
    try:
        await asyncio.wait([task] if death is None else [task, death], return_when=asyncio.FIRST_COMPLETED)
        if death is not None and death.done() and not task.done():
            death.result()
        return await task
    finally:
        tasks = [task] if death is None else [task, death]
        for unfinished in tasks:
            unfinished.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _addresses(place: Place, settings: Settings) -> list[tuple[str, str]]:
    found = [
        ("Onboarding", f"{place.api_url}/"),
        ("Prefect UI", place.prefect_url),
        ("Data", str(settings.data_dir.resolve())),
    ]
    return [(name, value) for name, value in found if value]
