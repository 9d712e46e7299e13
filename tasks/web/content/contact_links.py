"""Writes telephone numbers and e-mail addresses that only a link's target says into its text."""

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_LINKS = 500
_LINKS = (
    'a[href^="tel:" i], a[href^="mailto:" i], a[href^="sms:" i], a[href*="//wa.me/"], a[href*="whatsapp.com/send"],'
    ' a[href^="callto:" i], a[href^="skype:" i], a[href^="viber:" i], a[href*="//t.me/"], a[href*="//m.me/"]'
)
_MAPS = (
    'a[href*="maps.google"], a[href*="google.com/maps"], a[href*="maps.apple"], a[href*="goo.gl/maps"], a[href^="geo:"]'
)
_DOCUMENTS = ", ".join(
    f'a[href*=".{kind}" i]' for kind in ("pdf", "doc", "xls", "odt", "ods", "csv", "zip", "ics", "vcf", "epub")
)
_DIALLED = re.compile(r"^\s*(?:window\.|document\.)?location(?:\.href)?\s*=\s*['\"](?:tel|mailto):([^'\"?]{5,60})['\"]")
CONTACT_MARKS = (
    *(b"tel:", b"mailto:", b"sms:", b"//wa.me/", b"whatsapp.com/send", b"maps", b"geo:", b"callto:", b"skype:"),
    *(b"viber:", b"//t.me/", b"//m.me/", b"/cdn-cgi/l/email-protection", b"&#109;", b"&#x6d;", b"&#116;", b"&#x74;"),
    *(b".pdf", b".doc", b".xls", b".odt", b".ods", b".csv", b".zip", b".ics", b".vcf", b".epub"),
)
"""Bytes of a source that may have such links, in lower case."""
_WHATSAPP = re.compile(r"(?:wa\.me/|[?&]phone=)\+?(\d{7,15})")
_TELEPHONE = re.compile(r"\+?\d[\d ()./-]{4,20}\d|[\d+-]{1,6}[A-Z-]{5,12}")
_MESSENGER = re.compile(r"//((?:t|m)\.me/[\w.+-]{2,60})|skype:([\w.:,-]{3,60})|number=\+?(\d{7,15})")
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
        if re.search(r"\d", label := _label_of(link)) and not link.text(strip=True):
            link.insert_child(label)
    for link in tree.css(_DOCUMENTS)[:MAX_LINKS]:
        if (label := _label_of(link)) and not link.text(strip=True):
            link.insert_child(label)
    for node in tree.css("[onclick*='tel:'], [onclick*='mailto:']")[:MAX_LINKS]:
        called = _DIALLED.match(node.attributes.get("onclick") or "")
        if called and not node.text(strip=True):
            node.insert_before(f" {called[1]} ")


def _label_of(link: LexborNode) -> str:
    """Return the name that a link without text has for screen readers."""
    picture = link.css_first("img[alt]")
    said = link.attributes.get("aria-label") or link.attributes.get("title")
    return (said or (picture.attributes.get("alt") if picture is not None else "") or "").strip()


def _contact_of(link: LexborNode) -> tuple[str, str]:
    """Return what the link leads to, and its label if that says it too."""
    attributes = link.attributes
    href = unquote(attributes.get("href") or "").strip()
    if found := _WHATSAPP.search(href):
        return f"+{found[1]}", ""
    if found := _MESSENGER.search(href):
        return found[1] or (f"+{found[3]}" if found[3] else found[2].partition("?")[0]), ""
    scheme, _, target = href.partition(":")
    target = target.partition("?")[0].strip().lstrip("/")
    is_telephone = scheme.lower() in ("tel", "sms", "callto")
    form = _TELEPHONE if is_telephone else _ADDRESS
    target = target.partition(";")[0] if is_telephone else target
    if not form.fullmatch(target):
        return "", ""
    label = attributes.get("aria-label") or attributes.get("title") or ""
    return target, label if form.search(label) else ""
