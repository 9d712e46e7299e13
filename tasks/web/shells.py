"""Documents that wait for a script to fill them."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.pruning import remove_all

SHELL_WORDS = 25
"""A page with scripts and fewer words than this may be an empty shell."""
ENOUGH_WORDS = SHELL_WORDS * 4
"""A page with so many is none."""

_HIDDEN = frozenset(("script", "style", "template", "noscript", "svg", "head"))
_BEGINNING = 20_000
"""Characters in which most pages have shown enough words, so that the rest need not be parsed."""
_ROOTS = "#root, #app, #__next, #__nuxt, #svelte, #main-app, #___gatsby, app-root, [data-reactroot], [ng-app]"
_ENABLE = re.compile(
    r"(enable|activate|turn on|allow) javascript|javascript (is |must be )?(required|disabled|enabled|turned off)"
    r"|requires javascript|(need|without) javascript|javascript (aktivieren|ist deaktiviert)|activer javascript"
    r"|(active|habilite|activar|ative) (o )?javascript|attiva(re)? javascript",
    re.IGNORECASE,
)


def shell_sign(html: str) -> str | None:
    """What shows that the document, as sent, waits for a script to fill it; nothing if it does not."""
    if count_words(html, ENOUGH_WORDS) >= ENOUGH_WORDS:
        return None
    tree = LexborHTMLParser(html)
    if not tree.css_matches("script"):
        return None
    if any(not node.text(strip=True) for node in tree.css(_ROOTS)):
        return "sent as an empty shell"
    if any(_ENABLE.search(node.text()) for node in tree.css("noscript, body")):
        return "sent with a plea for JavaScript"
    return "sent with hardly a word beside its scripts" if visible_words(html) < SHELL_WORDS else None


def visible_words(html: str) -> int:
    """Words of the document outside scripts and styles."""
    tree = LexborHTMLParser(html)
    remove_all(tree.css(", ".join(_HIDDEN)))
    return len(tree.root.text(separator=" ").split()) if tree.root else 0


def count_words(html: str, enough: int) -> int:
    """Visible words, counted until there are enough."""
    words = _count(LexborHTMLParser(html[:_BEGINNING]), enough)
    return words if words >= enough or len(html) <= _BEGINNING else _count(LexborHTMLParser(html), enough)


def has_scripts(html: str) -> bool:
    """Whether there is a script on the page that could add to it."""
    return "<script" in html.lower()


def _count(tree: LexborHTMLParser, enough: int) -> int:
    words = 0
    for node in tree.root.traverse(include_text=True) if tree.root else ():
        if node.is_text_node and not _is_hidden(node):
            words += len((node.text_content or "").split())
            if words >= enough:
                break
    return words


def _is_hidden(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag not in _HIDDEN:
        above = above.parent
    return above is not None
