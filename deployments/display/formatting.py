"""Formatting for the terminal: printable text, short numbers, short URLs.

All text that comes from a site (names, URLs, causes) is shown without control characters: a page must not be able
to move the cursor, set the window's title or hide text.
"""

import unicodedata

from rich.text import Text

from deployments.display.build_view import BuildView

_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def printable(text: str) -> str:
    """The text on one line, without control characters and bidirectional overrides."""
    kept = (" " if character in "\n\t" else character for character in text)
    return "".join(
        character
        for character in kept
        if unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        and unicodedata.bidirectional(character) not in _BIDI_CONTROLS
    )


def to_text(text: str, style: str = "", *, fold: bool = False) -> Text:
    """Printable text that is cut with an ellipsis where it does not fit, or folded."""
    return Text(printable(text), style=style, no_wrap=not fold, overflow="fold" if fold else "ellipsis")


def format_duration(seconds: float | None) -> str:
    """`0.8 s`, `34 s`, `2:05 min`; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min"


def format_rate(rate: float | None) -> str:
    """`12.3/s`; empty when unknown."""
    return "" if not rate else f"{rate:.1f}/s"


def host_label(view: BuildView) -> str:
    """The site's host and path, without the scheme."""
    return view.url.partition("://")[2].rstrip("/") or view.url or "…"


def short_url(view: BuildView, url: str) -> str:
    """The page's URL; without scheme and host if it is on the build's site."""
    origin = "/".join(view.url.split("/", 3)[:3])
    return url[len(origin) :] if origin and url.startswith(f"{origin}/") else url
