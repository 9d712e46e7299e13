"""Removes characters that readers do not see and writes ligatures as letters, so that words are found as typed."""

import re
from html import unescape

_GONE = "\u00ad\u200b\u2060\ufeff\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ue0c0\ue0c1"
"""Soft hyphen, zero-width space, word joiner, byte order mark, Mongolian vowel separator, marks of writing direction
(often pasted with telephone numbers); and two of the private use area, which `code_blocks` writes as placeholders.

The zero-width joiners stay: Persian and Indic scripts and emoji are written with them.
"""
_LETTERS = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
    "\u2010": "-",
    "\u2011": "-",
}
"""Ligatures, and hyphens that differ from the typed one only in where a line may break."""
_NAMES = (
    "shy|ZeroWidthSpace|NoBreak|NegativeMediumSpace|NegativeThickSpace|NegativeThinSpace|NegativeVeryThinSpace|lrm|rlm"
)
_CODES = "|".join(f"{ord(character)}|x0*{ord(character):x}" for character in _GONE)
_REFERENCE = re.compile(rf"&(?:(?:{_NAMES});|shy\b|#0*(?:{_CODES})(?:;|(?![0-9a-f])))", re.IGNORECASE)
_NAMED = re.compile(
    rf"&(?:(fflig|filig|fllig|ffilig|ffllig|hyphen|dash);|#0*(?:({'|'.join(str(ord(sign)) for sign in _LETTERS)})|x0*"
    rf"({'|'.join(f'{ord(sign):x}' for sign in _LETTERS)}));)",
    re.IGNORECASE,
)
_SIGNS = re.compile(f"[{_GONE}{''.join(_LETTERS)}]")


def remove_invisible(text: str) -> str:
    """Return the text, or HTML source, without invisible characters, those written as references included."""
    if "&" in text:
        text = _NAMED.sub(_written, _REFERENCE.sub("", text))
    # Few pages have many: replacing those found is faster than translating every character.
    return text if text.isascii() else _SIGNS.sub(lambda sign: _LETTERS.get(sign[0], ""), text)


def _written(reference: re.Match[str]) -> str:
    return _LETTERS.get(unescape(reference[0]), "")
