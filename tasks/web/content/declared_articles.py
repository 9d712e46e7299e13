"""Drops text around the body of a page that declares an article: teasers above its title, lists and comments below.

Plugins declare every page of a site an article by Open Graph, its prices and hours too. So a declaration alone drops
nothing: an element named as an article's body must hold enough of the text, and facts stay wherever they stand.
"""

import re
from collections.abc import Collection, Sequence

from tasks.web.content.boxes import Box, Outline
from tasks.web.content.recall_rules import is_own_fact

MIN_SHARE = 0.5
"""Share of the kept words from which a named element is the body, if only Open Graph declares an article …"""
MIN_SURE_SHARE = 0.2
"""… and if schema.org does, which plugins use for posts alone; the rest may be other articles' teasers."""
MIN_SURE_WORDS = 100
INNER_SHARE = 0.67
"""Share of a named element's words from which a named element within is the body instead."""
_NEWS = ("article", "newsarticle", "blogposting", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle")
_SURE = frozenset((*_NEWS, *(f"item {name}" for name in _NEWS)))
_DECLARED = _SURE | {"og article"}
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:article|entry|post|story)[_-]{0,2}(?:body|content|text)s?(?:$|[\s_-])|(?:^|\s)(?:entry|field-name-body)(?:$|\s)"
    r"|[aA]rticle(?:Body|Text|Content)"
)


def drop_around_article(outline: Outline, types: Collection[str], kept: list[bool]) -> None:
    """Drop the kept runs before the title and after the body, except facts; nothing without a declared, named body."""
    body = None if _DECLARED.isdisjoint(types) else _find_body(outline, kept, is_sure=not _SURE.isdisjoint(types))
    if body is None:
        return
    runs, last = outline.runs, _end_of(body, outline)
    titles = [index for index, run in enumerate(runs[: body.last]) if run.box.tag == "h1"]
    first = min([*titles[:1], body.first])
    for index in (*range(first), *range(last, len(runs))):
        if not is_own_fact(runs[index]):
            kept[index] = False


def _find_body(outline: Outline, kept: Sequence[bool], *, is_sure: bool) -> Box | None:
    """Return the innermost element with most of the text that stands in named ones, if that is enough."""
    sums = [0]
    for run, is_kept in zip(outline.runs, kept, strict=True):
        sums.append(sums[-1] + (run.words if is_kept else 0))
    words = {box: sums[box.last] - sums[box.first] for box in outline.boxes if _is_named(box)}
    if is_sure and not words:
        words = {box: sums[box.last] - sums[box.first] for box in _articles_with_title(outline)}
    least = max(MIN_SURE_SHARE * sums[-1], MIN_SURE_WORDS) if is_sure else MIN_SHARE * sums[-1]
    body = max(words, key=words.__getitem__, default=None)
    if body is None or words[body] < least:
        return None
    for box in words:
        if body.first <= box.first and box.last <= body.last and words[box] >= INNER_SHARE * words[body]:
            body = box
    return body


def _is_named(box: Box) -> bool:
    get = box.node.attributes.get
    names = f"{get('class') or ''} {get('id') or ''} {get('itemprop') or ''}"
    return box.parent is not None and _NAMES.search(names) is not None


def _articles_with_title(outline: Outline) -> list[Box]:
    """Return the `article` elements around the page's only `h1`."""
    titles = [index for index, run in enumerate(outline.runs) if run.box.tag == "h1"]
    if len(titles) != 1:
        return []
    return [box for box in outline.boxes if box.tag == "article" and box.first <= titles[0] < box.last]


def _end_of(body: Box, outline: Outline) -> int:
    """Return the end of the last element beside the body that looks like it: a text may go on in another."""
    return max(box.last for box in outline.boxes if box.parent is body.parent and box.signature == body.signature)
