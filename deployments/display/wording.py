"""How things are said on a terminal: clean text, short numbers, addresses that fit.

Whatever a site says of itself (names, addresses, causes) is shown without control characters: a page must
not be able to move the cursor, set the window's title or hide text.
"""

import unicodedata

from rich.text import Text

from deployments.display.build_view import BuildView

_REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def clean(text: str) -> str:
    """The text on one line, without control characters and without marks that reorder what is read."""
    kept = (" " if character in "\n\t" else character for character in text)
    return "".join(
        character
        for character in kept
        if unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        and unicodedata.bidirectional(character) not in _REORDERING
    )


def words(text: str, style: str = "", *, fold: bool = False) -> Text:
    """The text, clean, cut with an ellipsis where it does not fit, or folded."""
    return Text(clean(text), style=style, no_wrap=not fold, overflow="fold" if fold else "ellipsis")


def duration(seconds: float | None) -> str:
    """`0.8 s`, `34 s`, `2:05 min`; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min"


def rate_of(rate: float | None) -> str:
    """`12.3/s`; empty when unknown."""
    return "" if not rate else f"{rate:.1f}/s"


def site_of(view: BuildView) -> str:
    """The site's host and path, without scheme."""
    return view.url.partition("://")[2].rstrip("/") or view.url or "…"


def within(view: BuildView, url: str) -> str:
    """The page's address, short: the site's own are shown from the path on."""
    origin = "/".join(view.url.split("/", 3)[:3])
    return url[len(origin) :] if origin and url.startswith(f"{origin}/") else url
