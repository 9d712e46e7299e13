"""Decodes e-mail addresses that Cloudflare's obfuscation keeps from programs without JavaScript."""

import re

from selectolax.lexbor import LexborHTMLParser

MARK = b"cfemail", b"/cdn-cgi/l/email-protection"
"""Bytes of a source that has such addresses, in lower case."""
_LINK = "/cdn-cgi/l/email-protection"
_HEX = re.compile(r"(?:[0-9a-f]{2}){4,}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def decode_email(code: str) -> str:
    """Return the address that the hexadecimal code holds: XOR with its first byte; empty if it holds none."""
    if not _HEX.fullmatch(code):
        return ""
    key, *coded = bytes.fromhex(code)
    address = bytes(byte ^ key for byte in coded).decode("utf-8", "replace").partition("?")[0]
    return address if _ADDRESS.fullmatch(address) else ""


def reveal_emails(tree: LexborHTMLParser) -> None:
    """Write the obfuscated addresses of the document where a browser would show them, links included."""
    for link in tree.css(f'a[href*="{_LINK}"]'):
        code = (link.attributes.get("href") or "").rpartition("#")[2]
        if address := decode_email(link.attributes.get("data-cfemail") or "") or decode_email(code):
            link.attrs["href"] = f"mailto:{address}"
        else:
            # The text of a link without code is an element that has one.
            inner = link.css_first("[data-cfemail]")
            address = decode_email((inner.attributes.get("data-cfemail") or "") if inner else "")
            link.attrs["href"] = f"mailto:{address}" if address else ""
    for node in tree.css("[data-cfemail]"):
        if address := decode_email(node.attributes.get("data-cfemail") or ""):
            node.inner_html = address
