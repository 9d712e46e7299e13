"""Writes e-mail addresses that pages keep from programs where a browser would show them.

Cloudflare encodes them in attributes, Joomla and older builders put them together in scripts, others write them
backwards, spread them over `data-` attributes, or set invisible text in their middle.
"""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MARKS = (
    *(b"cfemail", b"/cdn-cgi/l/email-protection", b'id="cloak', b"id='cloak", b"id=cloak", b"document.write"),
    *(b"bidi-override", b"data-domain", b"data-tld", b"data-email", b"data-mail", b"mailto:'", b"fa-at", b'alt="@"'),
    *(b"</span>@", b"</b>@", b"</i>@", b"@<span style", b"@<b style", b"@<i style", b"</span>(at)", b"(at)<span style"),
)
"""Bytes of a source that may have such addresses, in lower case."""
MAX_NODES = 500
MAX_SCRIPT_CHARACTERS = 4_000
"""A script with one address is short."""
_LINK = "/cdn-cgi/l/email-protection"
_EXCUSE = re.compile(r"\[?e-?mail\s*protected\]?", re.IGNORECASE)
"""Cloudflare's text in the place of an address."""
_HEX = re.compile(r"(?:[0-9a-f]{2}){4,}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_WRITTEN = re.compile(r"(?<![/\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-z]{2,18}", re.IGNORECASE)
_WRITES = re.compile(r"document\.write(?:ln)?\(|getElementById\(['\"]cloak")
_TERM = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([A-Za-z_$][\w$]*)")
"""A literal or a name."""
_STYLED = "span[style], b[style], i[style]"
_UNSEEN = re.compile(r"display\s*:\s*none")
_BACKWARDS = '[style*="bidi-override"]'
_TURNED = "[dir=rtl], [class*=rev i], [class*=rtl i], [class*=bidi i], [class*=mail i]"
_TURNED_ADDRESS = re.compile(r"[a-z]{2,18}(?:\.[\w-]+){1,3}@[\w-]+")
"""An address whose style sheet turns it round: what follows its sign is no domain."""
_SIGNS = 'i.fa-at, img[alt="@"]'
_ASSIGNMENT = re.compile(r"\s*(?:var\s+|let\s+|const\s+)?(\w+)\s*(\+?)=")
_DATA_NAMES = ("name", "user", "local", "mailbox")


def decode_email(code: str) -> str:
    """Return the address that the hexadecimal code holds: XOR with its first byte; empty if it holds none."""
    if not _HEX.fullmatch(code):
        return ""
    key, *coded = bytes.fromhex(code)
    address = bytes(byte ^ key for byte in coded).decode("utf-8", "replace").partition("?")[0]
    return address if _ADDRESS.fullmatch(address) else ""


def reveal_emails(tree: LexborHTMLParser) -> None:
    """Write the hidden addresses of the document where a browser would show them, links included."""
    _decode_protected(tree)
    for script in tree.css("body script")[:MAX_NODES]:
        source = script.text()
        if len(source) <= MAX_SCRIPT_CHARACTERS and _WRITES.search(source) and (address := _joined(source)):
            _place_of(tree, script, source).insert_before(f" {address} ")
    for node in tree.css("a[onclick*=mailto]")[:MAX_NODES]:
        if "@" not in node.text() and (address := _joined(node.attributes.get("onclick") or "")):
            node.insert_after(f" {address} ")
    for node in tree.css(_SIGNS)[:MAX_NODES]:
        node.replace_with("@")
    for node in tree.css("[data-domain], [data-tld], [data-email], [data-mail]")[:MAX_NODES]:
        if "@" not in node.text() and (address := _spread(node)):
            node.insert_after(f" {address} ")
    for node in tree.css(_BACKWARDS)[:MAX_NODES]:
        if _ADDRESS.search(text := node.text()[::-1]) or re.fullmatch(r"[+\d()\s/.-]{6,}", text):
            node.replace_with(text)
    for node in tree.css(_TURNED)[:MAX_NODES]:
        text = node.text(strip=True)
        if _TURNED_ADDRESS.fullmatch(text) and _WRITTEN.fullmatch(text[::-1]):
            node.replace_with(text[::-1])
    # The innermost first: removing an element frees those in it.
    for node in reversed(tree.css(_STYLED)[:MAX_NODES]):
        is_unseen = _UNSEEN.search(node.attributes.get("style") or "")
        if is_unseen and any("@" in text or "(at)" in text for text in _beside(node)):
            node.decompose()


def _decode_protected(tree: LexborHTMLParser) -> None:
    for link in tree.css(f'a[href*="{_LINK}"]'):
        code = (link.attributes.get("href") or "").rpartition("#")[2]
        if address := decode_email(link.attributes.get("data-cfemail") or "") or decode_email(code):
            link.attrs["href"] = f"mailto:{address}"
            if _EXCUSE.fullmatch(link.text(strip=True)):
                link.inner_html = address
        else:
            # The text of a link without code is an element that has one.
            inner = link.css_first("[data-cfemail]")
            address = decode_email((inner.attributes.get("data-cfemail") or "") if inner else "")
            link.attrs["href"] = f"mailto:{address}" if address else ""
    for node in tree.css("[data-cfemail]"):
        if address := decode_email(node.attributes.get("data-cfemail") or ""):
            node.inner_html = address


def _joined(source: str) -> str:
    """Return the address that a statement of the script joins from literals; empty if none does."""
    values: dict[str, str] = {}
    for statement in re.split(r";|\n", unescape(source)):
        assigned = _ASSIGNMENT.match(statement)
        terms = _TERM.findall(statement[assigned.end() :] if assigned else statement)
        text = "".join(single or double or values.get(name, "") for single, double, name in terms)
        if assigned:
            # A variable may get its address in several statements.
            values[assigned[1]] = text = (values.get(assigned[1], "") if assigned[2] else "") + text
        plain = re.sub(r"<[^<>]*>|mailto:|&\w+=.*", " ", text)
        if found := _WRITTEN.search(plain) or _WRITTEN.search(text.replace("mailto:", " ")):
            return found[0]
    return ""


def _place_of(tree: LexborHTMLParser, script: LexborNode, source: str) -> LexborNode:
    """Return the element that the script fills, emptied of its excuse; else the script."""
    named = re.search(r"getElementById\(['\"](cloak\w+)['\"]", source)
    place = tree.css_first(f'[id="{named[1]}"]') if named else None
    if place is None:
        return script
    place.inner_html = ""
    return place


def _spread(node: LexborNode) -> str:
    """Return the address whose parts are in the element's attributes."""
    attributes = node.attributes
    name = next((value for key in _DATA_NAMES if (value := attributes.get(f"data-{key}"))), "")
    domain = ".".join(value for key in ("domain", "tld") if (value := attributes.get(f"data-{key}")))
    address = attributes.get("data-email") or attributes.get("data-mail") or f"{name}@{domain}"
    return address if _WRITTEN.fullmatch(address) else ""


def _beside(node: LexborNode) -> list[str]:
    beside = (node.prev, node.next)
    return [text.text_content or "" for text in beside if text is not None and text.is_text_node]
