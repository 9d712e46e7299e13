"""Parsing of strangers' HTML: bounded before, because a parser's time and memory can grow with the square of it.

Three kinds cost far more than their bytes: elements nested deep (80,000 took 26 s), formatting elements left open,
which every later paragraph repeats (13 KB took 370 MB), and start tags with thousands of attributes. Text is kept.
"""

import re

from selectolax.lexbor import LexborHTMLParser

FEW_TAGS = 2_000
"""With fewer tags, no nesting takes long."""
MAX_TAGS = 150_000
"""The source is cut after this many tags that are kept …"""
MAX_SEEN = 500_000
"""… or this many in all."""
MAX_DEPTH = 500
"""Elements nested deeper lose their tags, as in browsers (Chromium: 512)."""
MAX_FORMATTING = 20
"""Formatting elements open at once; more lose their tags."""
MAX_LISTS = 30
"""Lists of one kind nested in each other: as Markdown, each indents all lines in it."""
MAX_TAG_CHARACTERS = 20_000
"""A longer start tag loses its attributes if it has more than `MAX_ATTRIBUTES`."""
MAX_ATTRIBUTES = 200

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>?|<!--")
_NAME = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*")
_LONG_TAG = re.compile(rf"<([a-zA-Z][a-zA-Z0-9-]*)\b([^<>]{{{MAX_TAG_CHARACTERS},}})>?")
_UNNESTED = frozenset(
    (
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "param",
            "source",
            "track",
            "wbr",
        ),
        *("p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"),
    )
)
"""Elements without children, or closed implicitly by the next one."""
_FORMATTING = frozenset(("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"))
_FORMATTING_START = re.compile(rf"<(?:{'|'.join(_FORMATTING)})[\s/>]", re.IGNORECASE)
_FORMATTING_END = re.compile(rf"</(?:{'|'.join(_FORMATTING)})[\s>]", re.IGNORECASE)
_LISTS = frozenset(("ul", "ol", "dl", "menu", "blockquote"))
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
"""Elements whose content has no tags."""
_OPAQUE = re.compile(rf"<(?:!--|((?i:{'|'.join(sorted(_RAW))}))(?![a-zA-Z0-9-])[^<>]*>?)")
"""The begin of what has no tags in it."""


def parse_html(html: str) -> LexborHTMLParser:
    """Parse a document after bounding it: the one place where documents of strangers are parsed."""
    return LexborHTMLParser(bound_html(html))


def bound_html(html: str, most_tags: int = MAX_TAGS) -> str:
    """Return the source with nesting, formatting and attributes bounded, cut after `most_tags`; its text is kept."""
    tags = html.count("<")
    if tags > FEW_TAGS or (tags > MAX_FORMATTING and _leaves_formatting_open(html)):
        is_short = tags < min(most_tags, MAX_SEEN)
        html = html if is_short and _is_within_bounds(html) else _flatten(html, most_tags)
    return _LONG_TAG.sub(_shorten, html) if _may_have_long_tags(html) else html


def _leaves_formatting_open(html: str) -> bool:
    return len(_FORMATTING_START.findall(html)) - len(_FORMATTING_END.findall(html)) > MAX_FORMATTING


def _may_have_long_tags(html: str) -> bool:
    """Whether some stretch of half the limit has no angle bracket: a longer tag would contain one."""
    part = MAX_TAG_CHARACTERS // 2
    parts = (html[at : at + part] for at in range(0, len(html) - part + 1, part))
    return any("<" not in text and ">" not in text for text in parts)


def _shorten(found: re.Match[str]) -> str:
    return f"<{found[1]}>" if found[2].count("=") > MAX_ATTRIBUTES else found[0]


def _is_within_bounds(html: str) -> bool:
    """Whether `_flatten` would surely drop nothing: a quarter of its time, and most pages need no more.

    Elements of a name are counted as if those of other names did not close them, so they are never too few.
    """
    is_open, most, formatting = dict[str, int](), dict[str, int](), 0
    for tag in "".join(_NAME.findall(_without_opaque(html))).lower().split("<"):
        name = tag.removeprefix("/")
        if name in _UNNESTED:
            continue
        is_end = name is not tag
        if name in _FORMATTING:
            formatting = max(0, formatting - 1) if is_end else formatting + 1
            if formatting > MAX_FORMATTING:
                return False
        if is_end:
            if count := is_open.get(name):
                is_open[name] = count - 1
        else:
            count = is_open[name] = is_open.get(name, 0) + 1
            if count > most.get(name, 0):
                most[name] = count
    return sum(most.values()) <= MAX_DEPTH and all(most.get(name, 0) <= MAX_LISTS for name in _LISTS)


def _without_opaque(html: str) -> str:
    """Return the source without comments and the content of raw elements."""
    parts, begin = list[str](), 0
    for found in _OPAQUE.finditer(html):
        if found.start() < begin:
            continue
        if name := found[1]:
            parts.append(html[begin : found.end()])
            begin = _after(html, f"</{name}", found.end())
        else:
            parts.append(html[begin : found.start()])
            begin = _after(html, "-->", found.start() + 2)
    # A tag that a comment cuts off must not go on behind it.
    return " ".join((*parts, html[begin:]))


def _flatten(html: str, most_tags: int) -> str:
    """Return the source without the tags of elements that are too many, in one pass of linear time."""
    parts, begin, skip_to, kept = list[str](), 0, 0, 0
    stack, counts, formatting = list[str](), dict[str, int](), 0
    for seen, tag in enumerate(_TAG.finditer(html)):
        at = tag.start()
        if at < skip_to:
            continue
        if kept >= most_tags or seen >= MAX_SEEN:
            html = html[:at]
            break
        is_end, name = tag[1], tag[2]
        if name is None:
            skip_to = _after(html, "-->", at + 2)
            continue
        name = name.lower()
        if name in _RAW and not is_end:
            skip_to = _after(html, f"</{tag[2]}", tag.end())
        kept += 1
        if name in _UNNESTED:
            continue
        is_formatting, is_list = name in _FORMATTING, name in _LISTS
        if is_end:
            # Counted apart from nesting: a formatting element left open outlives the elements around it.
            formatting -= is_formatting and formatting > 0
            if not counts.get(name):
                continue  # a stray end tag closes nothing
            while (last := stack.pop()) != name:
                counts[last] -= 1
            is_kept = len(stack) < MAX_DEPTH and (not is_list or counts[name] <= MAX_LISTS)
            counts[name] -= 1
        else:
            if html[tag.end() - 2] == "/" and (counts.get("svg") or counts.get("math")):
                continue
            formatting += is_formatting
            stack.append(name)
            counts[name] = counts.get(name, 0) + 1
            is_kept = (
                len(stack) <= MAX_DEPTH
                and (not is_formatting or formatting <= MAX_FORMATTING)
                and (not is_list or counts[name] <= MAX_LISTS)
            )
        if not is_kept:
            kept -= 1
            parts.append(html[begin:at])
            begin = tag.end()
    return "".join((*parts, html[begin:]))


def _after(html: str, mark: str, at: int) -> int:
    """Return where the mark begins; the end of the source if it does not come, so that nothing is searched twice."""
    found = html.find(mark, at)
    return found if found >= 0 else len(html)
