"""Font families from a page, safe to be written into a style sheet.

Every family is either a known keyword or a quoted name of letters, digits, spaces, `-`, `_`, `.` and `+`;
a family with anything else in it is left out whole, so no value can end the string, the rule or the element.
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
# The standard fonts of browsers: what a page shows that names none.
_UNSTYLED = frozenset({"times new roman", "times"})
# Next.js renames fonts at build time, and adds stand-ins of the same size for the time they take to load.
_BUILT = re.compile(r"__(?P<name>.+?)(?P<stand_in>_Fallback)?_[0-9a-f]{6}")
_STAND_IN = re.compile(r".+[ _-]fallback", re.IGNORECASE)
_PARTS = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']+)\s*(?:,|$)""")


def safe_font_list(css: str) -> str | None:
    """A CSS font-family list to use as it is; None if the page's names no font of its own choice."""
    parts = [name for part in _split(css) for name in _as_designed(part)]
    families = [family for part in parts if (family := _safe(part)) is not None]
    families = list(dict.fromkeys(families))[:MAX_FAMILIES]
    named = [family for family in families if family.startswith('"')]
    if not named or all(name.strip('"').lower() in _UNSTYLED for name in named):
        return None
    if families[-1] not in _GENERIC:
        families.append("sans-serif")
    return ", ".join(families)


def _split(css: str) -> list[str]:
    """The families of a list, unquoted; of a list that cannot be read, those before the fault."""
    found: list[str] = []
    at = 0
    while at < len(css) and len(found) < 32 and (match := _PARTS.match(css, at)) is not None:
        found.append(match.group(1).strip())
        at = match.end()
    return [part[1:-1] if part[:1] in "\"'" else part for part in found if part]


def _as_designed(family: str) -> tuple[str, ...]:
    """The family's own name before the one it was built under; nothing for a stand-in."""
    if built := _BUILT.fullmatch(family):
        return () if built["stand_in"] else (built["name"].replace("_", " "), family)
    return () if _STAND_IN.fullmatch(family) else (family,)


def _safe(family: str) -> str | None:
    name = unicodedata.normalize("NFC", family).strip()
    if keyword := _KEYWORDS.get(name.lower()):
        return keyword
    harmless = all(character.isalnum() or character in " -_.+" for character in name)
    if not name or not harmless or len(name) > MAX_NAME or _ICONS.search(name):
        return None
    return f'"{name}"'
