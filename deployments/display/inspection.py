"""The result of inspecting one page, as `inspect --json` prints it."""

from typing import Any

from pydantic import Field

from tasks.core.facts import Fact
from tasks.core.models import Frozen, Link
from tasks.core.theme_model import Theme


class Inspection(Frozen):
    """The builder's reading of one input."""

    input: str
    """The argument as given."""
    url: str = ""
    """The page's address, after redirects."""
    title: str = ""
    markdown: str = ""
    links: tuple[Link, ...] = ()
    facts: tuple[Fact, ...] = ()
    """Contact data, opening hours, prices … found on the page."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    render: dict[str, Any] = Field(default_factory=dict)
    """The way the page was read (`method`), and why (`reason`)."""
    theme: Theme | None = None
    error: dict[str, str] | None = None
    """Reason why the page cannot be read, or is skipped: `code` and `message`."""
