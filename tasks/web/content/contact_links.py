"""Writes telephone numbers and e-mail addresses that only a link's target says into its text."""

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_LINKS = 500
_LINKS = 'a[href^="tel:" i], a[href^="mailto:" i], a[href^="sms:" i], a[href*="//wa.me/"], a[href*="whatsapp.com/send"]'
_MAPS = (
    'a[href*="maps.google"], a[href*="google.com/maps"], a[href*="maps.apple"], a[href*="goo.gl/maps"], a[href^="geo:"]'
)
CONTACT_MARKS = b"tel:", b"mailto:", b"sms:", b"//wa.me/", b"whatsapp.com/send", b"maps", b"geo:"
"""Bytes of a source that may have such links, in lower case."""
_WHATSAPP = re.compile(r"(?:wa\.me/|[?&]phone=)\+?(\d{7,15})")
_TELEPHONE = re.compile(r"\+?\d[\d ()./-]{4,20}\d|[\d+-]{1,6}[A-Z-]{5,12}")
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+(?:[,;]\s*[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+){0,4}")


def spell_out_contacts(tree: LexborHTMLParser) -> None:
    """Add number or address to links whose text lacks it: icons, "Call us"."""
    for link in tree.css(_LINKS)[:MAX_LINKS]:
        contact, label = _contact_of(link)
        said = link.text(strip=True)
        if not contact or sum(character.isdigit() for character in said) >= 5 or "@" in said:
            continue
        if said:
            link.insert_after(f" ({contact})")
        else:
            link.insert_child(label or contact)
    for link in tree.css(_MAPS)[:MAX_LINKS]:
        label = link.attributes.get("aria-label") or link.attributes.get("title") or ""
        if re.search(r"\d", label) and not link.text(strip=True):
            link.insert_child(label)


def _contact_of(link: LexborNode) -> tuple[str, str]:
    """Return what the link leads to, and its label if that says it too."""
    attributes = link.attributes
    href = unquote(attributes.get("href") or "").strip()
    if found := _WHATSAPP.search(href):
        return f"+{found[1]}", ""
    scheme, _, target = href.partition(":")
    target = target.partition("?")[0].strip().lstrip("/")
    is_telephone = scheme.lower() in ("tel", "sms")
    form = _TELEPHONE if is_telephone else _ADDRESS
    target = target.partition(";")[0] if is_telephone else target
    if not form.fullmatch(target):
        return "", ""
    label = attributes.get("aria-label") or attributes.get("title") or ""
    return target, label if form.search(label) else ""
