"""An inspected page as text for a terminal."""

from rich.text import Text

from deployments.display.formatting import printable, to_text
from deployments.display.inspection import Inspection
from tasks.core.facts import Fact
from tasks.core.models import Link
from tasks.core.theme_model import Theme

MAX_FACTS = 40
MAX_LINKS = 20
"""Maximum number of links shown; the JSON output has all of them."""
_TOKENS = ("name", "primary", "background", "text", "heading_font", "body_font", "radius_px", "logo_url", "language")


def render_inspection(found: Inspection) -> list[Text]:
    """Lines with the page's title, URL, read method, metadata, theme, facts, links and content."""
    parts = [to_text(found.title or found.input, "bold", fold=True)]
    if found.url:
        parts.append(to_text(found.url, "dim", fold=True))
    if found.error:
        parts.append(to_text(f"Not read: {found.error['message']}", "red", fold=True))
    if found.render:
        parts += [Text(), *_fields("Read", found.render)]
    if found.metadata:
        parts += [Text(), *_fields("Metadata", found.metadata)]
    if found.theme:
        parts += [Text(), *_theme(found.theme)]
    if found.facts:
        parts += [Text(), *_facts(found.facts)]
    if found.links:
        parts += [Text(), *_links(found.links)]
    if found.markdown:
        parts += [Text(), _head("Content"), *(to_text(line, fold=True) for line in found.markdown.splitlines())]
    return [*parts, Text()]


def _head(text: str) -> Text:
    return Text(text, "cyan")


def _fields(head: str, fields: dict[str, object]) -> list[Text]:
    return [_head(head), *(_line(name, str(value)) for name, value in fields.items())]


def _line(name: str, value: str, more: str = "") -> Text:
    return Text.assemble((f"  {name:<16}", "dim"), printable(value), (f"  {printable(more)}" if more else "", "dim"))


def _theme(theme: Theme) -> list[Text]:
    shown = [(name, getattr(theme, name)) for name in _TOKENS]
    lines = [
        _line(name, str(value), theme.sources.get(name, "our own choice")) for name, value in shown if value is not None
    ]
    candidates = [_line("candidate", it.colour, f"{it.score:.2f}  {it.found}") for it in theme.swatches]
    return [_head(f"Theme, confidence {theme.confidence:.2f}"), *lines, *candidates]


def _facts(facts: tuple[Fact, ...]) -> list[Text]:
    shown = [
        _line(fact.kind.replace("_", " "), " · ".join(fact.value.splitlines()), fact.label)
        for fact in facts[:MAX_FACTS]
    ]
    more = [_line("…", f"{len(facts) - MAX_FACTS} more")] if len(facts) > MAX_FACTS else []
    return [_head(f"Facts: {len(facts)}"), *shown, *more]


def _links(links: tuple[Link, ...]) -> list[Text]:
    shown = [_line(link.region, link.url, link.text) for link in links[:MAX_LINKS]]
    more = [_line("…", f"{len(links) - MAX_LINKS} more")] if len(links) > MAX_LINKS else []
    return [_head(f"Links: {len(links)}"), *shown, *more]
