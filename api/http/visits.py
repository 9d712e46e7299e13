"""The visit: whose request is being answered, and for which widget; made by the route's guard."""

from contextvars import ContextVar
from dataclasses import dataclass

from tasks.records.widgets import WidgetRecord

_current: ContextVar["PublicVisit"] = ContextVar("visit")


@dataclass(frozen=True)
class PublicVisit:
    """A request that its route's guard has admitted."""

    client: str
    """Today's pseudonym of the client's address."""
    guarded_widget: WidgetRecord | None
    """The widget whose origins were checked; none on routes for our own pages."""
    may_spend: bool
    """Whether the route may spend tokens of paid models."""

    @property
    def widget(self) -> WidgetRecord:
        """The widget that the route is about."""
        assert self.guarded_widget is not None, "the route's guard reads no widget"
        return self.guarded_widget


def current_visit() -> PublicVisit:
    """Return the visit of the request that is being answered; LookupError outside of guarded routes."""
    return _current.get()


def enter_visit(visit: PublicVisit) -> None:
    """Make this the current visit, for the request's task and the tasks that it starts."""
    _current.set(visit)
