"""Remedies: what a person can do about a build that failed, by its cause."""

from tasks.core.errors import (
    AddressBlocked,
    AnswersWorse,
    ConnectionFailed,
    EmbeddingRefused,
    EmbeddingUnavailable,
    FetchTimeout,
    HttpStatus,
    NothingStored,
    PageSkipped,
    SiteShrank,
    StorageFull,
    TlsFailed,
    WidgetBuilderError,
)
from tasks.core.settings import PRODUCT

_BY_REASON = {
    "robots": f"If the site is yours, allow {PRODUCT} in its robots.txt. Otherwise ask its owner to.",
    "off_site": "Give the address that it leads to.",
    "not_html": "Give the address of a web page.",
    "empty": "Give the address of a page with text.",
    "too_large": "Give the address of a smaller page.",
}
_LOGIN = "Give the address of a page that can be read without signing in."
_FIREWALL = f"If the site is yours, let {PRODUCT} through its firewall or bot protection, then try again."
_BY_STATUS = {
    401: _LOGIN,
    407: _LOGIN,
    403: _FIREWALL,
    404: "Check the address: the site has no such page.",
    410: "Check the address: the site has no such page any more.",
    429: "The site asks to come back later. Try again in some minutes.",
    451: "The site may not show this page. Give the address of another one.",
}


def code_of(error: WidgetBuilderError) -> str:
    """Return the code of the error behind it, such as that of the start page; its own if there is none."""
    return _cause_of(error).code


def find_remedy(error: WidgetBuilderError) -> str | None:
    """Return what a person can do about it, as one or two sentences; None if only the cause itself says it."""
    match _cause_of(error):
        case HttpStatus(status=status):
            return _BY_STATUS.get(status) or ("The site has a fault. Try again later." if status >= 500 else None)
        case PageSkipped(reason=reason):
            return _BY_REASON.get(reason.partition(":")[0])
        case TlsFailed():
            return "Renew the site's certificate, or give an address that begins with http://."
        case AddressBlocked():
            # Its message says so already, in the same words for all hosts.
            return None
        case FetchTimeout() | ConnectionFailed():
            return "The site may be slow or down. Open it in a browser, then try again."
        case EmbeddingRefused() | EmbeddingUnavailable() | StorageFull():
            return "Correct the cause, then resume the build: its stored pages stay."
        case SiteShrank() | AnswersWorse():
            return "Look at the site. If it is as it should be, publish the build: `widget-builder publish WIDGET`."
        case NothingStored():
            return "Look at the causes of the pages that failed."
    return None


def _cause_of(error: WidgetBuilderError) -> WidgetBuilderError:
    return error.__cause__ if isinstance(error.__cause__, WidgetBuilderError) else error
