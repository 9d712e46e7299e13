"""Features of a run of text from its boxes: element, names of the boxes around it, and their repetition."""

from functools import lru_cache

from tasks.web.content.bins import Bins
from tasks.web.content.boxes import LANDMARKS, Box
from tasks.web.content.vocabulary import BITS

NEAR_LEVELS = 3
"""Boxes above the parent whose names count as near; names further up count as far."""
ITEM_LEVELS = 7
"""Boxes searched for repetition, from the innermost."""
MIN_ALIKE = 3
"""Number of similar sibling boxes from which they count as a list of cards."""

_TAGS = frozenset(
    (
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "dt", "dd", "pre", "blockquote", "figcaption"),
        *("label", "summary", "div", "section", "article", "main", "aside", "header", "footer", "legend"),
        *("caption", "address", "form"),
    )
)
_ALWAYS_ALIKE = frozenset(("p", "td", "th"))
_SHARES = (0.01, 0.3, 0.7, 0.95)
_LEVELS = (1, 2, 3, 5)
_sizes = tuple(Bins(f"box {level} words", (10, 30, 80, 200, 500, 1500)) for level in _LEVELS)
_links = tuple(Bins(f"box {level} linked", _SHARES) for level in _LEVELS)
_alike = Bins("alike", (2, 3, 5, 9, 17, 41))
_item_words = Bins("item words", (3, 6, 12, 25, 60, 150))
_item_linked = Bins("item linked", _SHARES)


def box_features(box: Box) -> list[str]:
    """Return the features shared by all runs directly in the box."""
    found = [f"tag {box.tag}" if box.tag in _TAGS else "tag other", *_named(box)]
    found += _names("in", box.tags)
    if box.is_hidden:
        found.append("hidden")
    step, at = box, 1
    for size, links, level in zip(_sizes, _links, _LEVELS, strict=True):
        while at < level and step.parent is not None:
            step, at = step.parent, at + 1
        found += [size(step.words), links(_linked_share(step))]
    return found + _repetition(box)


def _named(box: Box) -> list[str]:
    """Name groups of the box and its parent, of the boxes near above them, and of those far above."""
    parent = box.parent
    own = box.groups | (parent.groups if parent else 0)
    near, far = 0, 0
    above = parent.parent if parent else None
    for _ in range(NEAR_LEVELS):
        if above is None:
            break
        near |= above.groups
        above = above.parent
    if above is not None:
        far = above.groups | above.inherited
    return [*_names("own", own), *_names("near", near), *_names("far", far)]


@lru_cache(maxsize=50_000)
def _names(place: str, bits: int) -> tuple[str, ...]:
    known = LANDMARKS if place == "in" else BITS
    return tuple(f"{place} {name}" for name, bit in known.items() if bits & bit)


def _linked_share(box: Box) -> float:
    return box.link_words / box.words if box.words else 0


def _repetition(box: Box) -> list[str]:
    """Features of the most repeated box around the run: the number of similar siblings, and its own size and links."""
    item, alike = box, 1
    step: Box | None = box
    for _ in range(ITEM_LEVELS):
        if step is None or step.parent is None:
            break
        count = step.parent.children[step.signature]
        if count > alike and step.tag not in _ALWAYS_ALIKE:
            item, alike = step, count
        step = step.parent
    if alike < MIN_ALIKE:
        return [_alike(alike)]
    return [_alike(alike), _item_words(item.words), _item_linked(_linked_share(item))]
