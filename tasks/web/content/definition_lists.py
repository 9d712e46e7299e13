"""Writes definition lists of short values as lists of labelled values: "One cat: £14 a night".

As paragraphs, the value would stand apart from its name. Lists of questions, or of terms with whole paragraphs, stay.
"""

from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborNode

MAX_LISTS = 200
"""Lists examined per page."""
MAX_NAME_CHARACTERS = 60
MAX_VALUE_CHARACTERS = 160
_BLOCKS = "p + p, ul, ol, dl, table, pre, blockquote, h1, h2, h3, h4, h5, h6, details, figure, form"

_COLONS = ":", "："

Pair = tuple[list[LexborNode], list[LexborNode]]
"""Names, and the values that they share."""


def label_values(node: LexborNode) -> None:
    """Write the definition lists under the element as lists of values if all of them are short."""
    # The inner ones first: a list is replaced with all that is in it.
    for listed in reversed(node.css("dl")[:MAX_LISTS]):
        pairs = list(_pairs(listed))
        if pairs and all(map(_is_labelled, pairs)) and _is_all(pairs, listed):
            listed.inner_html = f"<ul>{''.join(map(_item, pairs))}</ul>"


def _pairs(listed: LexborNode) -> Iterator[Pair]:
    """Yield the groups of names and values; those without one of both are empty there."""
    names: list[LexborNode] = []
    values: list[LexborNode] = []
    for each in listed.css("dt, dd"):
        if each.tag == "dt" and values:
            yield names, values
            names, values = [], []
        (names if each.tag == "dt" else values).append(each)
    if names or values:
        yield names, values


def _is_labelled(pair: Pair) -> bool:
    names, values = ([_text(each) for each in part] for part in pair)
    if not any(names) or not any(values) or any(name.endswith(("?", "？", "؟")) for name in names):
        return False
    if any(name.endswith(_COLONS) for name in names[:-1]):
        # Their values were empty, and are gone.
        return False
    if len(" ".join(names)) > MAX_NAME_CHARACTERS or len(" ".join(values)) > MAX_VALUE_CHARACTERS:
        return False
    return all(each.css_first(_BLOCKS) is None for part in pair for each in part)


def _is_all(pairs: Iterable[Pair], listed: LexborNode) -> bool:
    """Whether the list has no text but that of its names and values, each once."""
    told = "".join(each.text() for pair in pairs for part in pair for each in part)
    return "".join(told.split()) == "".join(listed.text().split())


def _item(pair: Pair) -> str:
    names, values = (", ".join(filter(None, map(_inline, part))) for part in pair)
    colon = "" if _text(pair[0][-1]).endswith(_COLONS) else ":"
    return f"<li>{names}{colon} {values}</li>"


def _inline(node: LexborNode) -> str:
    """Return the HTML in the element, without the paragraph that it may be in."""
    node.unwrap_tags(["p", "div"])
    return (node.inner_html or "").strip()


def _text(node: LexborNode) -> str:
    return " ".join(node.text().split())
