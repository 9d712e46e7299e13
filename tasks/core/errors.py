"""What can go wrong, and what follows.

WidgetBuilderError
├── InvalidSetting            the process does not start
├── DependencyUnavailable     the process does not start, or the request gets 503
├── InvalidRequest            the request gets 4xx; nothing was started
│   ├── NotFound              404
│   └── TryLater              429 or 503, with Retry-After
├── PageError                 one page; the build goes on
│   ├── PageSkipped           page skipped: counted apart, with the reason
│   ├── FetchFailed           page fails; retried when `retriable`
│   │   ├── AddressBlocked    not a public address (or not to be found: they look the same)
│   │   ├── FetchTimeout      retried
│   │   ├── TooManyRedirects  page fails
│   │   └── HttpStatus        retried for 429 and 5xx
│   ├── ContentFailed         page fails: nothing could be read from it
│   ├── EmbeddingFailed       page fails; retried when `retriable`
│   └── StoreFailed           page fails; retried when `retriable`
└── BuildError                build fails (or ends)
    ├── HomePageFailed        the start page cannot be read
    ├── EmbeddingRefused      key rejected or quota gone: the cause, at once, no retry
    ├── NothingStored         not one page made it
    └── BuildEnded            the build was cancelled or replaced meanwhile: stop, write nothing
"""


class WidgetBuilderError(Exception):
    """Root of the product's errors. `code` is for programs, the text for people."""

    code = "internal_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        """Errors come back from child processes: rebuilt as they are, not by calling a class with its text alone."""
        return type(self).__new__, (type(self), *self.args), self.__dict__


class InvalidSetting(WidgetBuilderError):
    """A setting has a wrong value."""

    code = "invalid_setting"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


class DependencyUnavailable(WidgetBuilderError):
    """A service or program the product needs is not there. `remedy` says how to mend it."""

    code = "dependency_unavailable"

    def __init__(self, dependency: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{dependency}: {problem}" + (f" ({remedy})" if remedy else ""))
        self.dependency = dependency
        self.problem = problem
        self.remedy = remedy


class InvalidRequest(WidgetBuilderError):
    """What the client asked for cannot be done. `field` names the part that is wrong."""

    status = 422

    def __init__(self, code: str, message: str, *, field: str | None = None, status: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.status = status


class NotFound(InvalidRequest):
    """There is no such build, widget or page."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", f"There is no such {what}.", status=404)


class TryLater(InvalidRequest):
    """Not now: too much was asked for, or it is not ready. `retry_after` seconds later it may be done."""

    def __init__(self, code: str, message: str, *, retry_after: int | None, status: int = 429) -> None:
        super().__init__(code, message, status=status)
        self.retry_after = retry_after


class PageError(WidgetBuilderError):
    """One page could not be used; the build goes on."""

    code = "page_failed"
    retriable = False

    def __init__(self, message: str, *, retriable: bool | None = None) -> None:
        super().__init__(message)
        if retriable is not None:
            self.retriable = retriable

    def as_final(self) -> "PageError":
        """The same error after the last try: not to be retried by whoever gets it next."""
        self.retriable = False
        return self


class PageSkipped(PageError):
    """The page is left out on purpose. `reason`: robots, noindex, duplicate, soft_404, trap, not_html (with the type:
    `not_html: image/png`), empty, off_site, too_large. `same_as`: of a duplicate, the URL under which it is stored."""

    code = "page_skipped"

    def __init__(self, reason: str, message: str, *, same_as: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.same_as = same_as


class FetchFailed(PageError):
    """The page could not be fetched."""

    code = "fetch_failed"


class AddressBlocked(FetchFailed):
    """The host has no address that may be fetched. Unknown hosts look the same: no port-scan oracle."""

    code = "address_not_allowed"


class FetchTimeout(FetchFailed):
    """The page did not come in time; `waiting_for` says what did not, if it was not the whole page."""

    code = "timeout"
    retriable = True

    def __init__(self, seconds: float, waiting_for: str = "") -> None:
        super().__init__(f"timeout after {seconds:g}s" + (f" waiting for {waiting_for}" if waiting_for else ""))


class TooManyRedirects(FetchFailed):
    """The redirects did not end within the limit."""


class HttpStatus(FetchFailed):
    """The server answered with an error status; `retry_after_s` is what its Retry-After says."""

    code = "http_status"

    def __init__(self, status: int, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}", retriable=status == 429 or status >= 500)
        self.status = status
        self.retry_after_s = retry_after_s


class ContentFailed(PageError):
    """Nothing could be read from the page."""

    code = "content_failed"


class EmbeddingFailed(PageError):
    """The text could not be embedded."""

    code = "embedding_failed"


class StoreFailed(PageError):
    """The page could not be written to the database."""

    code = "store_failed"


class BuildError(WidgetBuilderError):
    """The build cannot go on."""

    code = "build_failed"


class HomePageFailed(BuildError):
    """The start page cannot be read, so there is no site to build from."""

    code = "home_page_failed"


class EmbeddingRefused(BuildError):
    """The embedding service refuses us: wrong key, or no credit. Asking again cannot help."""

    code = "embedding_refused"


class SiteShrank(BuildError):
    """A site gave far fewer pages than its widget has; the widget keeps those."""

    code = "site_shrank"

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The site gave {found} pages, and the widget has {known}: it keeps those."
            " If the site is smaller now, ask for it again with allow_fewer_pages."
        )


class NothingStored(BuildError):
    """Not one page of the site made it into the knowledge."""

    code = "nothing_stored"


class BuildEnded(BuildError):
    """The build has its final event already (cancelled, swept): stop and write nothing more."""

    code = "build_ended"
