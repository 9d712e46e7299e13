"""Makes the text that opens a folded section its heading: accordions, dropdowns, checkbox tricks, tabs.

A question that is a `<button>` would go with the other controls, and its answer would stand alone.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DISCLOSURES = 500
"""Elements examined per page."""
MAX_QUESTION_CHARACTERS = 250
"""A longer text is not a heading."""
MIN_ANSWER_WORDS = 4
MAX_LINKED = 0.6
"""Largest share of linked words in an answer: more is a menu."""
LEVELS = 3
"""Elements around the opener that may have no other text than its own."""
HEADING = "h4"
_OPENERS = (
    "button, [role=button], [aria-expanded], [aria-controls], label, [data-toggle], [data-bs-toggle], [role=tab],"
    " [class*=tabs] li > a[href^='#'], dt > a, a[href^='javascript:'], a:not([href]), a[href='#'], a[href=''],"
    " a[href='#!'], [popovertarget], a[href^='#'][class*=accordion i], a[href^='#'][class*=toggle i]"
)
OPENER_MARKS = (
    *(b"<button", b"aria-expanded", b"aria-controls", b"<label", b"role=button", b'role="button"'),
    *(b"data-toggle", b"data-bs-toggle", b"tabs", b"<dt", b"javascript:", b"<a class", b"<a id", b"popovertarget"),
    *(b'href="#"', b"href='#'", b'href="#!"', b"href='#!'", b'href=""', b"href=''", b"href>", b"href=#"),
)
"""Bytes of a source that may have an opener, in lower case."""
_TABS = frozenset(("tab", "pill"))
_TOGGLES = "data-toggle", "data-bs-toggle"
_PANELS = re.compile(r"tab|pane", re.IGNORECASE)
_DEAD = re.compile(r"\s*(?:javascript:|#|$)", re.IGNORECASE)
_NOWHERE = re.compile(r"\s*(?:javascript:.*|#!?|)", re.IGNORECASE)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"))
_NAMES = re.compile(r"accordion|faq|question|toggle|collaps|expand|disclos|dropdown", re.IGNORECASE)
_MENUS = re.compile(r"dropdown|collapse|modal|popover|hidden", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NO_ANSWERS = "form, input, textarea, select, iframe"
_CHOICES = "input[type=checkbox], input[type=radio]"


def make_headings(tree: LexborHTMLParser) -> None:
    """Turn the openers of folded sections into headings of them, and show the sections."""
    once = {node.mem_id: node for node in tree.css(_OPENERS)[: 3 * MAX_DISCLOSURES]}
    freed: set[int] = set()
    for opener in list(once.values())[:MAX_DISCLOSURES]:
        if opener.mem_id in freed:
            continue
        if opener.parent is not None and opener.parent.tag in _HEADINGS:
            _free_heading(opener, opener.parent)
        elif _is_tab(opener):
            _name_panel(tree, opener)
        elif (answer := _answer_of(opener)) is not None and _opens(opener, answer):
            _show(answer)
            # Replacing an element frees those in it.
            freed.update(inner.mem_id for inner in opener.css(_OPENERS))
            _make_heading(tree, opener)


def _free_heading(opener: LexborNode, heading: LexborNode) -> None:
    """Leave the text of an opener that stands in a heading already, and show what it opens."""
    is_dead = opener.tag == "a" and _DEAD.match(opener.attributes.get("href") or "") is not None
    if (opener.tag != "button" and not is_dead) or len(opener.text(strip=True)) < len(heading.text(strip=True)):
        return  # beside the heading's own text it does something else: "Copy link"
    if (answer := _answer_of(heading)) is not None:
        _show(answer)
    opener.unwrap()


def _answer_of(opener: LexborNode) -> LexborNode | None:
    """Return the text that follows the opener, or an element with no other text than it; else None."""
    node, size = opener, len(opener.text(strip=True))
    if not 3 <= size <= MAX_QUESTION_CHARACTERS:
        return None
    for _ in range(LEVELS):
        following = _next_element(node)
        if following is not None:
            return following if _is_answer(following, 1 if _asks(opener) else MIN_ANSWER_WORDS) else None
        parent = node.parent
        if parent is not None and parent.tag == "td":
            parent = parent.parent  # a row that opens the next one
        if parent is None or parent.tag in ("body", "main", "tbody", "li") or len(parent.text(strip=True)) > size + 3:
            return None
        node = parent
    return None


def _next_element(node: LexborNode, *, backwards: bool = False) -> LexborNode | None:
    """Return the element beside, unless text stands between."""
    beside = node.prev if backwards else node.next
    while beside is not None and not beside.is_element_node:
        if beside.is_text_node and (beside.text_content or "").strip():
            return None
        beside = beside.prev if backwards else beside.next
    return beside


def _asks(opener: LexborNode) -> bool:
    """Whether the opener is plainly one: its answer may be a single word."""
    return "aria-expanded" in opener.attributes or opener.text(strip=True).endswith(("?", "？"))


def _is_answer(node: LexborNode, least_words: int) -> bool:
    """Whether the element has prose: not a menu, a form or another opener."""
    if node.tag in ("button", "label", "input", "script", "a", "span", "svg") or node.css_first(_NO_ANSWERS):
        return False
    words = len(_WORD.findall(node.text(separator=" ")))
    linked = sum(len(_WORD.findall(link.text(separator=" "))) for link in node.css("a"))
    return words >= least_words and linked <= MAX_LINKED * words


def _opens(opener: LexborNode, answer: LexborNode) -> bool:
    """Whether the element is a sign over the text rather than a button before it."""
    attributes = opener.attributes
    if opener.tag == "label":
        return _toggles(opener)
    names = " ".join(attributes.get(name) or "" for name in ("class", "data-toggle", "data-bs-toggle"))
    return (
        "aria-expanded" in attributes
        or "aria-controls" in attributes
        or bool(_NAMES.search(names))
        or _is_hidden(answer)
        or opener.text(strip=True).endswith(("?", "？"))
        or _repeats(opener, answer)
    )


def _toggles(label: LexborNode) -> bool:
    """Whether the label belongs to a checkbox beside it, the trick of accordions without scripts."""
    parent = label.parent
    return parent is not None and label.css_first("input") is None and parent.css_first(_CHOICES) is not None


def _repeats(opener: LexborNode, answer: LexborNode) -> bool:
    """Whether an element beside theirs is made in the same way."""
    holder = answer.parent
    if holder is None or holder.tag in ("body", "main"):
        return False
    beside = _next_element(holder) or _next_element(holder, backwards=True)
    return (
        beside is not None
        and (beside.tag, beside.attributes.get("class")) == (holder.tag, holder.attributes.get("class"))
        # The openers before this one are headings by now.
        and len(beside.css(f"{opener.tag or 'button'}, {HEADING}")) == 1
    )


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "")
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or "display:none" in style
        or "height:0" in style
    )


def _show(node: LexborNode) -> None:
    for name in ("hidden", "aria-hidden", "style"):
        if name in node.attributes:
            del node.attrs[name]
    for named in (node, node.parent):
        # By these names the classifier would take it for a menu.
        if named is not None and _MENUS.search(named.attributes.get("class") or ""):
            named.attrs["class"] = "faq"


def _make_heading(tree: LexborHTMLParser, opener: LexborNode) -> None:
    if opener.css_first("h1, h2, h3, h4, h5, h6") is not None:
        if opener.tag in ("button", "label"):
            opener.unwrap()
        return
    heading = tree.create_node(HEADING)
    heading.insert_child(_text_of(opener))
    opener.replace_with(heading)


def _text_of(node: LexborNode) -> str:
    """Return the text without signs such as the plus of an accordion."""
    parts = (child.text_content or "" for child in node.traverse(include_text=True) if child.is_text_node)
    return " ".join(" ".join(part for part in parts if _WORD.search(part) or part.strip() in "?!.%").split())


def _is_tab(opener: LexborNode) -> bool:
    attributes = opener.attributes
    if attributes.get("role") == "tab" or not _TABS.isdisjoint(attributes.get(name) for name in _TOGGLES):
        return True
    is_listed = opener.tag == "a" and opener.parent is not None and opener.parent.tag == "li"
    return is_listed and "class" not in attributes and _NOWHERE.fullmatch(attributes.get("href") or "") is None


def _name_panel(tree: LexborHTMLParser, tab: LexborNode) -> None:
    """Write the name of a tab over its panel, and show the panel."""
    attributes = tab.attributes
    targets = ("aria-controls", "data-bs-target", "data-target", "href")
    name = next((value for key in targets if (value := attributes.get(key))), "").removeprefix("#")
    text = _text_of(tab)
    if not re.fullmatch(r"[\w:.-]+", name) or not 2 <= len(text) <= 80:
        return
    panel = tree.css_first(f'[id="{name}"]')
    if panel is None or panel.tag in _HEADINGS or panel.css_first(_NO_ANSWERS) or not panel.text(strip=True):
        return
    if (
        attributes.get("role") != "tab"
        and not _PANELS.search(panel.attributes.get("class") or "")
        and not _is_hidden(panel)
    ):
        return
    _show(panel)
    first = panel.css_first("h1, h2, h3, h4, h5, h6")
    if first is None or first.text(strip=True).lower() != text.lower():
        heading = tree.create_node(HEADING)
        heading.insert_child(text)
        child = panel.first_child
        if child is not None:
            child.insert_before(heading)
