"""Sanitised font-family lists, safe to write into a style sheet.

Every family is either a known keyword or a quoted name of letters, digits, spaces, `-`, `_`, `.` and `+`;
a family with any other character is dropped as a whole, so no value can end the string, the rule or the element.
"""

import re
import unicodedata

NEUTRAL_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
MAX_FAMILIES = 6
MAX_NAME = 64

_GENERIC = ("sans-serif", "serif", "monospace", "cursive", "fantasy")
_SYSTEM = ("system-ui", "-apple-system", "BlinkMacSystemFont", "ui-sans-serif", "ui-serif", "ui-rounded")
_KEYWORDS = {name.lower(): name for name in (*_GENERIC, *_SYSTEM)}
_ICONS = re.compile(r"icon|awesome|glyph|symbol|emoji|dingbat|wingding", re.IGNORECASE)
# Browsers' default fonts, shown by a page that names none.
_UNSTYLED = frozenset({"times new roman", "times"})
# Next.js renames fonts at build time, and adds fallbacks of the same size that are shown while they load.
_BUILT = re.compile(r"__(?P<name>.+?)(?P<fallback>_Fallback)?_[0-9a-f]{6}")
_FALLBACK = re.compile(r".+[ _-]fallback", re.IGNORECASE)
_PARTS = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']+)\s*(?:,|$)""")


def safe_font_list(css: str) -> str | None:
    """Return a CSS font-family list that is safe to use; None if the page's list has nothing but default fonts."""
    parts = [name for part in _split(css) for name in _original_names(part)]
    families = [family for part in parts if (family := _safe(part)) is not None]
    families = list(dict.fromkeys(families))[:MAX_FAMILIES]
    named = [family for family in families if family.startswith('"')]
    if not named or all(name.strip('"').lower() in _UNSTYLED for name in named):
        return None
    if families[-1] not in _GENERIC:
        families.append("sans-serif")
    return ", ".join(families)


def _split(css: str) -> list[str]:
    """Return the families of a list, unquoted; of a malformed list, those before the syntax error."""
    found: list[str] = []
    at = 0
    while at < len(css) and len(found) < 32 and (match := _PARTS.match(css, at)) is not None:
        found.append(match.group(1).strip())
        at = match.end()
    return [part[1:-1] if part[:1] in "\"'" else part for part in found if part]


def _original_names(family: str) -> tuple[str, ...]:
    """Return the family's original name, then the one generated at build time; nothing for a fallback."""
    if built := _BUILT.fullmatch(family):
        return () if built["fallback"] else (built["name"].replace("_", " "), family)
    return () if _FALLBACK.fullmatch(family) else (family,)


def _safe(family: str) -> str | None:
    name = unicodedata.normalize("NFC", family).strip()
    if keyword := _KEYWORDS.get(name.lower()):
        return keyword
    harmless = all(character.isalnum() or character in " -_.+" for character in name)
    if not name or not harmless or len(name) > MAX_NAME or _ICONS.search(name):
        return None
    return f'"{name}"'
