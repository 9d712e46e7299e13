"""Boundaries: an unexpected exception in one page or hint is that page's or hint's failure, never the build's.

Only the causes in `ENDS_BUILD` may end a build. A boundary is the one place where anything else is caught: at each
step that works on what a site sent.
"""

import logging
from typing import TypeVar

from tasks.core.database import CONNECTION_ERRORS
from tasks.core.errors import BuildError, ContentFailed, DependencyUnavailable, EmbeddingFailed, PageError, StoreFailed

logger = logging.getLogger("widget_builder.boundaries")

ENDS_BUILD = (BuildError, DependencyUnavailable, *CONNECTION_ERRORS)
"""Causes that end a build."""
E = TypeVar("E", ContentFailed, EmbeddingFailed, StoreFailed)


def contain(error: Exception, where: str) -> None:
    """Log an unexpected exception with its traceback, and return.

    Raises:
        Exception: the same one, if it ends the build.
    """
    if isinstance(error, ENDS_BUILD):
        raise error
    logger.warning("unexpected error: %s", where, exc_info=error)


def page_failure(error: Exception, url: str) -> PageError:
    """Return the failure of the page that an exception was raised for, the exception itself if it is one.

    Raises:
        Exception: the same one, if it ends the build.
    """
    return error if isinstance(error, PageError) else failure_as(ContentFailed, error, url)


def failure_as(kind: type[E], error: Exception, where: str) -> E:
    """Return an unexpected exception as a failure of this kind.

    Raises:
        Exception: the same one, if it ends the build.
    """
    contain(error, where)
    failure = kind(f"unexpected error: {type(error).__name__}: {error}"[:300])
    failure.__cause__ = error
    return failure
