"""The product's errors, and the consequence of each.

WidgetBuilderError
├── InvalidSetting            the process does not start
├── DependencyUnavailable     the process does not start, or the request gets 503
├── InvalidRequest            the request gets 4xx; nothing was started
│   ├── NotFound              404: no such build, widget, page or message
│   └── TryLater              429 or 503, with Retry-After
├── BackupFailed              the command ends; the database, or the file of that name, stays as it was
├── CallFailed                its page fails, or its picture is left out: a call in a child process was ended
├── PageError                 one page fails; the build continues
│   ├── PageSkipped           page skipped: counted separately, with the reason
│   ├── FetchFailed           page fails; retried when `retriable`
│   │   ├── AddressBlocked    page fails: host unknown or not public (the same error for both)
│   │   ├── ConnectionFailed  retried: refused, or broken before the page was complete
│   │   ├── FetchTimeout      retried
│   │   ├── TooManyRedirects  page fails
│   │   ├── TlsFailed         page fails: no valid certificate, or no TLS at all
│   │   └── HttpStatus        retried for 429 and 5xx
│   ├── ContentFailed         page fails: no readable content; retried when `retriable`
│   ├── EmbeddingFailed       page fails; retried when `retriable`
│   └── StoreFailed           page fails; retried when `retriable`
└── BuildError                build fails
    ├── HomePageFailed        build fails: the start page cannot be read
    ├── EmbeddingRefused      build fails at once, without a retry: key rejected or quota exhausted
    ├── EmbeddingUnavailable  build fails after a wait: the embedding service answers nothing
    ├── StorageFull           build fails at once: the database's disk is full
    ├── SiteShrank            build fails; the widget keeps its knowledge
    ├── AnswersWorse          build fails; the widget keeps its knowledge
    ├── NothingStored         build fails: not one page was stored
    └── BuildEnded            build stops and writes nothing more: it was cancelled or swept meanwhile
"""

from collections.abc import Sequence

from tasks.core.redaction import redact


class WidgetBuilderError(Exception):
    """Root of the product's errors. `code` is for programs, the text for people.

    The texts are free of secrets: they become events, rows, states of runs, responses and output.
    """

    code = "internal_error"

    def __init__(self, message: str) -> None:
        self.message = redact(message)
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        """Restore the error from its state when it is unpickled.

        Errors come back from child processes, and `Exception` would call the class with the message alone.
        """
        return type(self).__new__, (type(self), *self.args), self.__dict__


class InvalidSetting(WidgetBuilderError):
    """A setting has a wrong value; `problem` says what is allowed."""

    code = "invalid_setting"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


class DependencyUnavailable(WidgetBuilderError):
    """A service or program the product needs is not available. `remedy` says how to fix it."""

    code = "dependency_unavailable"

    def __init__(self, dependency: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{dependency}: {problem}" + (f" ({remedy})" if remedy else ""))
        self.dependency = dependency
        self.problem = redact(problem)
        self.remedy = redact(remedy)


class InvalidRequest(WidgetBuilderError):
    """The client's request cannot be carried out. `field` names the part that is wrong."""

    status = 422

    def __init__(self, code: str, message: str, *, field: str | None = None, status: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.status = status


class NotFound(InvalidRequest):
    """There is no build, widget, page or message with the given id. `kind` names which of them."""

    def __init__(self, kind: str) -> None:
        message = f"There is no such {kind}. Check the id or address; it may have been deleted."
        super().__init__("not_found", message, status=404)


class TryLater(InvalidRequest):
    """A limit is reached, or a dependency is not ready. The request may succeed after `retry_after` seconds."""

    def __init__(self, code: str, message: str, *, retry_after: int | None, status: int = 429) -> None:
        super().__init__(code, message, status=status)
        self.retry_after = retry_after


class BackupFailed(WidgetBuilderError):
    """A backup cannot be written or restored; nothing was changed."""

    code = "backup_failed"


class CallFailed(WidgetBuilderError):
    """A call in a child process took too long or too much memory, crashed, or met an unexpected error.

    The message has no subject: the caller knows what was read or drawn. `retriable`: the input need not be the cause.
    """

    code = "call_failed"

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.retriable = retriable


class PageError(WidgetBuilderError):
    """One page could not be used; the build continues."""

    code = "page_failed"
    retriable = False

    def __init__(self, message: str, *, retriable: bool | None = None) -> None:
        super().__init__(message)
        if retriable is not None:
            self.retriable = retriable

    def as_final(self) -> "PageError":
        """Mark the error as not retriable, after the last attempt, and return it."""
        self.retriable = False
        return self


class PageSkipped(PageError):
    """The page is left out on purpose.

    `reason`: robots, noindex, no_ai, duplicate, soft_404, trap, not_html (with the type: `not_html: image/png`), empty,
    off_site, too_large. `same_as`: the URL under which a duplicate is stored, or one that leads to it.
    """

    code = "page_skipped"

    def __init__(self, reason: str, message: str, *, same_as: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.same_as = same_as


class FetchFailed(PageError):
    """The page could not be fetched."""

    code = "fetch_failed"


class AddressBlocked(FetchFailed):
    """The host has no address that may be fetched. Unknown hosts get the same error: no port-scan oracle."""

    code = "address_not_allowed"


class ConnectionFailed(FetchFailed):
    """The connection was refused, or broke before the page was complete."""

    code = "connection_failed"
    retriable = True


class FetchTimeout(FetchFailed):
    """The page was not complete in time. `waiting_for` names the missing part; empty: the whole page."""

    code = "timeout"
    retriable = True

    def __init__(self, seconds: float, waiting_for: str = "") -> None:
        super().__init__(f"timeout after {seconds:g}s" + (f" waiting for {waiting_for}" if waiting_for else ""))


class TooManyRedirects(FetchFailed):
    """The redirects did not end within the limit."""


class TlsFailed(FetchFailed):
    """The certificate is not valid, or the server does not speak TLS."""

    code = "tls_failed"


class HttpStatus(FetchFailed):
    """The server answered with an error status. `retry_after_s`: seconds from its Retry-After header."""

    code = "http_status"

    def __init__(self, status: int, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}", retriable=status == 429 or status >= 500)
        self.status = status
        self.retry_after_s = retry_after_s


class ContentFailed(PageError):
    """No content could be read from the page."""

    code = "content_failed"


class EmbeddingFailed(PageError):
    """The page's text could not be embedded."""

    code = "embedding_failed"


class StoreFailed(PageError):
    """The page could not be written to the database."""

    code = "store_failed"


class BuildError(WidgetBuilderError):
    """The build cannot continue."""

    code = "build_failed"


class HomePageFailed(BuildError):
    """The start page cannot be read, so there is no site to build from."""

    code = "home_page_failed"


class EmbeddingRefused(BuildError):
    """The embedding service rejects our key, or the account has no credit. A retry cannot help."""

    code = "embedding_refused"


class EmbeddingUnavailable(BuildError):
    """The embedding service stays away, or asks to wait too long. The build can be resumed."""

    code = "embedding_unavailable"


class StorageFull(BuildError):
    """The database's disk is full. What is stored is kept, and the build can be resumed."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("PostgreSQL's disk is full; what is stored is kept: free some space, then resume the build")


class SiteShrank(BuildError):
    """The site has far fewer pages than its widget; the widget keeps its pages."""

    code = "site_shrank"

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The site gave {found} pages, and the widget has {known}, so the widget keeps its pages."
            " If the site is smaller now, start the build again with allow_fewer_pages."
        )


class AnswersWorse(BuildError):
    """The new pages answer clearly fewer of the widget's questions; the widget keeps its knowledge."""

    code = "answers_worse"

    def __init__(self, before: int, after: int, lost: Sequence[str]) -> None:
        super().__init__(
            f"The new pages answer {after} of the widget's questions right, and its present ones {before}, so the"
            f" widget keeps its pages. No longer answered: {'; '.join(lost)}"
        )


class NothingStored(BuildError):
    """No page of the site was stored."""

    code = "nothing_stored"


class BuildEnded(BuildError):
    """The build already has its terminal event (cancelled or swept): stop and write nothing more."""

    code = "build_ended"
