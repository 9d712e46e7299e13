"""Joins headlines that are split into one element a letter, for an animation (`<span>B</span> <span>o</span> …`)."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

LETTER_MARKS = tuple(f">{letter}</{tag}>".encode() for letter in "aeiou" for tag in ("span", "i", "b", "div"))
"""Bytes of a source in lower case that has words split into letters."""
MAX_NODES = 2_000
MIN_LETTERS = 4
MIN_SHARE = 0.7
"""Least share of letters among the pieces: a list of signs or numbers is none."""


def join_letters(tree: LexborHTMLParser) -> None:
    """Write each split headline as the text that readers see."""
    for first in tree.css("span:first-child, i:first-child, b:first-child, div:first-child")[:MAX_NODES]:
        parent = first.parent
        if parent is None or len(first.text(strip=True)) > 1:
            continue
        pieces = [child for child in parent.iter(include_text=True) if child.tag != "-comment"]
        if text := _joined(pieces):
            parent.inner_html = ""
            parent.insert_child(text)


def _joined(pieces: list[LexborNode]) -> str:
    """Return the text of the pieces; empty if they are not the letters of words.

    The space between two words is an element of its own. Without one, pieces in capitals or apart are rather sizes or
    an index.
    """
    letters = [piece.text() for piece in pieces if piece.tag != "-text"]
    if any(len(letter.strip()) > 1 for letter in letters):
        return ""
    signs = [letter.strip() or " " for letter in letters]
    kept = [sign for sign in signs if sign != " "]
    if len(kept) < MIN_LETTERS or sum(sign.isalpha() for sign in kept) < MIN_SHARE * len(kept):
        return ""
    if any(piece.tag == "-text" and piece.text(strip=True) for piece in pieces):
        return ""
    is_word = " " in signs[1:-1] or sum(sign.islower() for sign in kept) >= len(kept) / 2
    return " ".join("".join(signs).split()) if is_word else ""
