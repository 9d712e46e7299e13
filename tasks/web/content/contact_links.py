"""Writes telephone numbers and e-mail addresses that only a link's target says into its text."""

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_LINKS = 500
_LINKS = 'a[href^="tel:" i], a[href^="mailto:" i]'
_TELEPHONE = re.compile(r"\+?\d[\d ()./-]{4,20}\d")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


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


def _contact_of(link: LexborNode) -> tuple[str, str]:
    """Return what the link leads to, and its label if that says it too."""
    attributes = link.attributes
    scheme, _, target = unquote(attributes.get("href") or "").strip().partition(":")
    target = target.partition("?")[0].strip().lstrip("/")
    is_telephone = scheme.lower() == "tel"
    form = _TELEPHONE if is_telephone else _ADDRESS
    target = target.partition(";")[0] if is_telephone else target
    if not form.fullmatch(target):
        return "", ""
    label = attributes.get("aria-label") or attributes.get("title") or ""
    return target, label if form.search(label) else ""
