"""A page that was inspected, for people."""

from rich.text import Text

from deployments.display.inspection import Inspection
from deployments.display.wording import clean, words
from tasks.core.models import Link, Theme

MOST_LINKS = 20
"""Links that are shown; JSON has them all."""
_TOKENS = ("name", "primary", "background", "text", "heading_font", "body_font", "radius_px", "logo_url", "language")


def page_lines(found: Inspection) -> list[Text]:
    """Title and address, how the page was read, what it says of itself, its links, its content."""
    parts = [words(found.title or found.input, "bold", fold=True)]
    if found.url:
        parts.append(words(found.url, "dim", fold=True))
    if found.error:
        parts.append(words(f"Not read: {found.error['message']}", "red", fold=True))
    if found.render:
        parts += [Text(), *_fields("Read", found.render)]
    if found.metadata:
        parts += [Text(), *_fields("Says of itself", found.metadata)]
    if found.theme:
        parts += [Text(), *_theme(found.theme)]
    if found.links:
        parts += [Text(), *_links(found.links)]
    if found.markdown:
        parts += [Text(), _head("Content"), *(words(line, fold=True) for line in found.markdown.splitlines())]
    return [*parts, Text()]


def _head(text: str) -> Text:
    return Text(text, "cyan")


def _fields(head: str, fields: dict[str, object]) -> list[Text]:
    return [_head(head), *(_line(name, str(value)) for name, value in fields.items())]


def _line(name: str, value: str, more: str = "") -> Text:
    return Text.assemble((f"  {name:<16}", "dim"), clean(value), (f"  {clean(more)}" if more else "", "dim"))


def _theme(theme: Theme) -> list[Text]:
    shown = [(name, getattr(theme, name)) for name in _TOKENS]
    lines = [
        _line(name, str(value), theme.sources.get(name, "our own choice")) for name, value in shown if value is not None
    ]
    candidates = [_line("candidate", it.colour, f"{it.score:.2f}  {it.found}") for it in theme.swatches]
    return [_head(f"Theme, confidence {theme.confidence:.2f}"), *lines, *candidates]


def _links(links: tuple[Link, ...]) -> list[Text]:
    shown = [_line(link.region, link.url, link.text) for link in links[:MOST_LINKS]]
    more = [_line("…", f"{len(links) - MOST_LINKS} more")] if len(links) > MOST_LINKS else []
    return [_head(f"Links: {len(links)}"), *shown, *more]
