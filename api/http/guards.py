"""Guards of the public routes: each declares the pages, the rate and the spending it admits, and checks them first.

A route under `/api/public`, `/mcp` or `/preview` is a `PublicRoute`; a test walks the application's routes.
"""

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app_state import app_state
from api.http.client_address import client_address
from api.http.origins import OriginRule, require_agent, require_allowed_page, require_our_page
from api.http.queries import widget_id_of
from api.http.visits import PublicVisit, enter_visit
from tasks.records.budgets import RatedAction
from tasks.records.widgets import WidgetRecord, read_widget

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Guard:
    """The conditions under which a public route answers."""

    pages: OriginRule
    rate: RatedAction
    may_spend: bool = False
    """Whether the route may spend tokens of paid models; they count against the widget's budgets."""

    async def admit(self, request: Request) -> None:
        """Check the request and make it the current visit.

        Raises:
            InvalidRequest: the page's origin is not allowed (403).
            NotFound: there is no such widget.
            TryLater: the client's rate limit is reached.
        """
        state, widget = app_state(request), None
        if self.pages is OriginRule.ours:
            require_our_page(request, state.settings)
        else:
            widget = await read_widget(state.pool, widget_id_of(request))
            (require_agent if self.pages is OriginRule.agents else require_allowed_page)(
                request, widget, state.settings
            )
        client = await identify_client(request)
        await state.budgets.count_action(client, self.rate)
        enter_visit(PublicVisit(client, widget, self.may_spend))


class PublicRoute(Route):
    """A route that everybody may call, within its guard."""

    def __init__(self, path: str, endpoint: Endpoint, guard: Guard, methods: Sequence[str]) -> None:
        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            await guard.admit(request)
            return await endpoint(request)

        super().__init__(path, guarded, methods=list(methods))
        self.guard = guard


async def enter_owner_visit(request: Request, widget: WidgetRecord) -> str:
    """Make an owner's request the current visit, which pays for what is embedded; return its client."""
    client = await identify_client(request)
    enter_visit(PublicVisit(client, widget, may_spend=True))
    return client


async def identify_client(request: Request) -> str:
    """Return today's pseudonym of the client's address."""
    state = app_state(request)
    return await state.budgets.pseudonymize(client_address(request, state.settings.trusted_proxies))
