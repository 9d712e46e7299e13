"""Remedies: a failed build says what to do, by its cause."""

import pytest

from flows.remedies import code_of, find_remedy
from tasks.core.errors import (
    ConnectionFailed,
    EmbeddingRefused,
    FetchFailed,
    FetchTimeout,
    HomePageFailed,
    HttpStatus,
    PageError,
    PageSkipped,
    TlsFailed,
    WidgetBuilderError,
)


def failed(cause: PageError) -> WidgetBuilderError:
    """The build's error for a start page that failed so."""
    try:
        raise HomePageFailed(f"https://a.example/: {cause.message}") from cause
    except HomePageFailed as error:
        return error


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (HttpStatus(401), "without signing in"),
        (HttpStatus(403), "firewall"),
        (HttpStatus(404), "Check the address"),
        (HttpStatus(429), "come back later"),
        (HttpStatus(502), "Try again later"),
        (PageSkipped("robots", "robots.txt forbids it"), "AIWidgetBuilder in its robots.txt"),
        (PageSkipped("not_html: image/png", "an image"), "a web page"),
        (TlsFailed("the certificate is not valid: expired"), "http://"),
        (FetchTimeout(30), "in a browser"),
        (ConnectionFailed("connection refused"), "in a browser"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_a_start_page_that_cannot_be_read_has_a_remedy(cause: PageError, words: str) -> None:
    """Each is about the cause, which the event names."""
    error = failed(cause)
    assert words in (find_remedy(error) or "")
    assert code_of(error) == cause.code


def test_a_cause_that_nobody_can_mend_promises_nothing() -> None:
    """Better no remedy than a wrong one; an error without a cause behind it speaks for itself."""
    assert find_remedy(failed(FetchFailed("invalid HTTP response"))) is None
    assert "resume" in (find_remedy(EmbeddingRefused("the service rejects the API key")) or "")
    assert code_of(EmbeddingRefused("the service rejects the API key")) == "embedding_refused"
