"""Removes characters that readers do not see and writes ligatures as letters, so that words are found as typed."""

import re
from html import unescape

_GONE = "\u00ad\u200b\u2060\ufeff\u180e\ue0c0\ue0c1"
"""Soft hyphen, zero-width space, word joiner, byte order mark, Mongolian vowel separator; and two of the private use
area, which `code_blocks` writes as placeholders.

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
_TABLE = str.maketrans({**dict.fromkeys(_GONE, ""), **_LETTERS})
_NAMES = "shy|ZeroWidthSpace|NoBreak|NegativeMediumSpace|NegativeThickSpace|NegativeThinSpace|NegativeVeryThinSpace"
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
    return text.translate(_TABLE) if not text.isascii() and _SIGNS.search(text) else text


def _written(reference: re.Match[str]) -> str:
    return unescape(reference[0]).translate(_TABLE)
