"""A build's request as its row in `scrape_jobs` has it."""

from typing import Any

from psycopg.types.json import Jsonb
from pydantic import Field

from tasks.core.models import BuildRequest, Frozen
from tasks.core.rules import ReadingRules

REQUEST_COLUMNS = "url, depth, max_pages, rules"


class RecordedRequest(Frozen):
    """The columns of a request."""

    url: str
    depth: int
    max_pages: int
    rules: dict[str, Any] = Field(default_factory=dict)
    """The rules of the widget that the build was asked for with (`tasks.core.rules.ReadingRules`)."""

    @property
    def request(self) -> BuildRequest:
        """The request for the build."""
        return request_of((self.url, self.depth, self.max_pages, self.rules))


def request_of(columns: tuple[Any, ...]) -> BuildRequest:
    """Return the request of a row with `REQUEST_COLUMNS`."""
    url, depth, max_pages, rules = columns
    return BuildRequest(url=url, depth=depth, max_pages=max_pages, **rules)


def rules_to_store(request: BuildRequest) -> Jsonb:
    """Return the request's rules for the column `rules`."""
    rules = request.model_dump(mode="json", include=set(ReadingRules.model_fields), exclude_none=True)
    return Jsonb(rules)
