"""E-mail addresses in links and text: also those that Cloudflare encodes, or that are written with [at]."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.page_lines import Line, PageText

_NAME = r"[A-Za-z0-9À-ɏ](?:[\w.+'’-]{0,62}[\wÀ-ɏ+])?"
_DOMAIN = r"(?:[A-Za-z0-9À-ɏ](?:[\wÀ-ɏ-]{0,61}[\wÀ-ɏ])?\.){1,5}[A-Za-z]{2,18}"
_ADDRESS = re.compile(rf"(?<![\w.+/-])({_NAME})\s?[@＠]\s?({_DOMAIN})(?![\w@])")
_SIGN = r"(?:at|ät|æt|ατ|a|arroba|chiocciola|arobase|snabel-?a|apenstaartje|@)"
_AT = rf"(?:\s*[\[({{<]\s*{_SIGN}\s*[\])}}>]\s*|\s+(?:AT|ät|æt|\(at\))\s+|\s+at\s+(?=[\w-]+\s+dot\s)|\s*&#64;\s*)"
_DOT = r"(?:\s*[\[({]\s*(?:dot|punkt|punto|point|\.)\s*[\])}]\s*|\s+(?:DOT|dot)\s+|\s\.\s(?=[a-z]{2,7}\b)|\.)"
_DISGUISED = re.compile(
    rf"(?<![\w.+-])([A-Za-z0-9](?:[\w+-]|{_DOT}(?=\w)){{0,60}}){_AT}([A-Za-z0-9][\w-]{{0,60}}(?:{_DOT}[A-Za-z0-9-]{{2,30}}){{1,3}})",
)
_MAY_DISGUISE = re.compile(rf"[\[({{<](?i:\s?{_SIGN}\s?[\])}}>])|\s(?:AT|ät|æt)\s|\sat\s[\w-]+\sdot\s")
_CDN = "/cdn-cgi/l/"
_PROTECTED = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-fA-F]{6,400})")
_FILE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|css|js|woff2?)$", re.IGNORECASE)


def find_emails(page: PageText) -> Iterator[Fact]:
    """Yield the addresses in the order of the page; an address that is linked and written comes twice."""
    linking = page.sources.containing("ailto:", "AILTO:", "cfemail", _CDN)
    for line in (page.lines[index] for index in sorted({*linking, *page.joined.containing("@", "＠")})):
        for link in line.links:
            for address in _linked(link.href):
                yield _fact(address, line, "link" if address not in line.text else line.region)
        if "@" in line.text or "＠" in line.text:
            for found in _ADDRESS.finditer(line.text):
                yield _fact(f"{found[1]}@{found[2]}", line, line.region)
    for index in page.joined.matching(_MAY_DISGUISE):
        line = page.lines[index]
        for found in _DISGUISED.finditer(line.text):
            name, domain = (re.sub(_DOT, ".", part.strip()) for part in found.groups())
            if not _FILE.search(domain):
                yield _fact(f"{name}@{domain}".replace(" ", ""), line, line.region)


def _linked(href: str) -> Iterator[str]:
    """Yield the addresses of a `mailto:` link, or the one that Cloudflare encoded."""
    if href[:7].lower() == "mailto:":
        for part in re.split(r"[,;]", unquote(href[7:]).split("?")[0]):
            if found := _ADDRESS.search(part.strip()):
                yield f"{found[1]}@{found[2]}"
            elif found := _DISGUISED.search(part):
                yield "@".join(re.sub(_DOT, ".", part.strip()) for part in found.groups()).replace(" ", "")
    elif found := _PROTECTED.search(href):
        address = decode_protected(found[1])
        if address:
            yield address


def decode_protected(encoded: str) -> str:
    """Return an address that Cloudflare encoded: each byte XOR the first; empty if it is none."""
    try:
        key, *rest = bytes.fromhex(encoded)
        text = bytes(byte ^ key for byte in rest).decode()
    except ValueError:
        return ""
    text = text.split("?")[0]
    return text if _ADDRESS.fullmatch(text) else ""


def _fact(address: str, line: Line, place: str) -> Fact:
    before = line.text.partition(address)[0].replace("\t", " ").strip(" :.-–|/\t")
    label = before if 0 < len(before) <= 40 and "@" not in before and not any(c.isdigit() for c in before) else ""
    return Fact(kind=FactKind.email, value=address, normal=address.lower(), label=label, place=place)
