"""Detects app shells: documents that scripts have yet to fill."""

import re

from tasks.core.html_source import parse_html

SHELL_WORDS = 25
"""A page with scripts and fewer words than this may be an empty shell."""
ENOUGH_WORDS = SHELL_WORDS * 4
"""A page with this many words is not a shell."""

_HIDDEN = ["script", "style", "template", "noscript", "svg", "head"]
_BEGINNING = 20_000
"""Characters parsed first: most pages have enough words in them, which saves parsing the rest."""
_ROOTS = "#root, #app, #__next, #__nuxt, #svelte, #main-app, #___gatsby, app-root, [data-reactroot], [ng-app]"
_ENABLE = re.compile(
    r"(enable|activate|turn on|allow) javascript|javascript (is |must be )?(required|disabled|enabled|turned off)"
    r"|requires javascript|(need|without) javascript|javascript (aktivieren|ist deaktiviert)|activer javascript"
    r"|(active|habilite|activar|ative) (o )?javascript|attiva(re)? javascript",
    re.IGNORECASE,
)


def shell_sign(html: str, words: int | None = None) -> str | None:
    """Return the evidence that the document, as sent, is an app shell; `None` if it is not one.

    `words`: a lower bound of its visible words, if already counted.
    """
    if (count_words(html, ENOUGH_WORDS) if words is None else words) >= ENOUGH_WORDS:
        return None
    tree = parse_html(html)
    if not tree.css_matches("script"):
        return None
    if any(not node.text(strip=True) for node in tree.css(_ROOTS)):
        return "sent as an empty shell"
    if any(_ENABLE.search(node.text()) for node in tree.css("noscript, body")):
        return "sent with a request to enable JavaScript"
    return "sent with almost no text besides its scripts" if visible_words(html) < SHELL_WORDS else None


def visible_words(html: str) -> int:
    """Count the words of the document outside scripts and styles."""
    tree = parse_html(html)
    tree.strip_tags(_HIDDEN)
    return len(tree.root.text(separator=" ").split()) if tree.root else 0


def count_words(html: str, enough: int) -> int:
    """Count visible words; only those at the document's beginning, if they reach `enough`."""
    words = visible_words(html[:_BEGINNING])
    return words if words >= enough or len(html) <= _BEGINNING else visible_words(html)


def has_scripts(html: str) -> bool:
    """Whether the page has a script, which could add content."""
    return "<script" in html.lower()
