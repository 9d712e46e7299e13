"""Gives counters, which a script counts up from zero, their final number."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_NODES = 2_000
_COUNTS = (
    *("count", "target", "to", "value", "end", "number", "counter", "count-to", "countto", "to-value", "stop", "final"),
    *("purecounter-end", "end-value", "counter-value", "counterup-nums", "max", "num", "val", "countup", "count-up"),
    *("final-number", "counter-target", "count-target", "target-number", "number-value", "counter-end", "endval"),
    *(
        "count-end",
        "animate-to",
        "to-number",
        "percentage",
        "percent",
        "stat",
        "perc",
        "goal",
        "end-number",
        "final-value",
    ),
)
_COUNTERS = ", ".join((*(f"[data-{name}]" for name in _COUNTS), "[x-data]", "[role=progressbar]"))
COUNTER_MARKS = (*(f"data-{name}=".encode() for name in _COUNTS), b"x-data=", b"progressbar")
"""Bytes of a source that may have a counter with its number, in lower case."""
ZERO_MARKS = b"counter", b"odometer", b"countup", b"count-up", b"percent-value", b"factor", b"fact-number"
"""Bytes of a source that may have another counter, in lower case."""
_ZERO = re.compile(r"([^\d]*)0+(?:[.,]0+)?([^\d]*)")
_NESTED = re.compile(r"""["'{,\s](?:end(?:Value|Val)?|to|value|target|number|goal|final)["']?\s*:\s*["']?(\d[\d.,]*)""")
_FROM = "data-from", "data-purecounter-start", "data-start", "data-from-value"
_NUMBER = re.compile(r"\d[\d.,  ']*[+%kKmM]?")
_COUNTING_NAME = re.compile(r"count|odometer|percent|timer|stat", re.IGNORECASE)
_COUNTING = (
    ".counter, .count-up, .countup, .odometer, .purecounter, .counter-number, .counter-value, .percent-value, .factor"
)


def finish_counters(tree: LexborHTMLParser) -> None:
    """Give counters that a script counts up from zero their final number."""
    for node in _innermost_first(tree, _COUNTERS):
        shown = _ZERO.fullmatch(node.text().strip() or ("0" if _is_unfilled(node) else ""))
        if shown and (number := _final(node)):
            attributes = node.attributes
            before, after = attributes.get("data-prefix") or "", attributes.get("data-suffix") or ""
            node.inner_html = ""
            node.insert_child(f"{shown[1] or before}{number}{shown[2] or after}")


def replace_zeros(tree: LexborHTMLParser) -> None:
    """Give counters whose frame names their number that number; a zero whose number is unknown goes."""
    for node in _innermost_first(tree, _COUNTING):
        if node.text(strip=True) in ("", "0") and (node.child is None or node.child.is_text_node):
            node.inner_html = ""
            if number := _final_around(node):
                node.insert_child(number)


def _final_around(node: LexborNode) -> str:
    """Return the number that the counter's frame names."""
    parent = node.parent
    for _ in range(3):
        if parent is None:
            break
        if number := _final(parent):
            return number
        parent = parent.parent
    return ""


def _innermost_first(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    """Return each element once: emptying one frees those in it."""
    once = {node.mem_id: node for node in tree.css(selector)[:MAX_NODES]}
    return list(reversed(once.values()))


def _is_unfilled(node: LexborNode) -> bool:
    """Whether the element is a counter into which a script writes its first number."""
    attributes = node.attributes
    return node.child is None and (
        any(name in attributes for name in _FROM) or bool(_COUNTING_NAME.search(attributes.get("class") or ""))
    )


def _final(node: LexborNode) -> str:
    """Return the number that an attribute of the counter names; empty if none does, or if it is 0."""
    attributes = node.attributes
    names = (*(f"data-{name}" for name in _COUNTS), "x-data", "aria-valuenow")
    values = ((attributes.get(name) or "").strip() for name in names)
    plain = (nested[1] if (nested := _NESTED.search(value)) else value for value in values)
    found = next((value for value in plain if _NUMBER.fullmatch(value)), "")
    return found if found.strip("0.,") else ""
