"""Writes what only a picture says: the price in the alternative text of an offer, the label of a row of stars."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.telling import FACT

MAX_PICTURES = 1_000
MAX_CHARACTERS = 200
_LABELLED = "span[role=img][aria-label], div[role=img][aria-label], i[role=img][aria-label]"
_DIGIT = re.compile(r"[\d@]")
_WORD = re.compile(r"\w+")


def write_pictured_facts(tree: LexborHTMLParser) -> None:
    """Write alternative texts that hold a price, hours or contact data beside their pictures."""
    for picture in tree.css("img[alt]")[:MAX_PICTURES]:
        text = " ".join((picture.attributes.get("alt") or "").split())
        if _DIGIT.search(text) and len(text) <= MAX_CHARACTERS and FACT.search(text) and not _is_said(picture, text):
            picture.insert_before(f" {text} ")


def write_labels(tree: LexborHTMLParser) -> None:
    """Write the labels of elements that stand for a picture, such as "4.5 of 5 stars", in them."""
    for picture in tree.css(_LABELLED)[:MAX_PICTURES]:
        label = (picture.attributes.get("aria-label") or "").strip()
        if _DIGIT.search(label) and len(label) <= MAX_CHARACTERS and not _WORD.search(picture.text()):
            picture.inner_html = ""
            picture.insert_child(label)


def _is_said(picture: LexborNode, text: str) -> bool:
    """Whether the words near the picture have all that its text says."""
    around = picture.parent
    for _ in range(2):
        if around is not None and around.parent is not None and around.parent.tag not in ("body", "main"):
            around = around.parent
    said = set(_WORD.findall(around.text(separator=" ").lower())) if around is not None else set[str]()
    return said.issuperset(_WORD.findall(text.lower()))
