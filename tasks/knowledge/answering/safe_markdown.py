"""Safe Markdown: no HTML, no images, links to the site alone.

The widget's renderer sanitizes as well; neither relies on the other.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

_MARKS = re.compile(r"[\[\]<\\]|!(?=\[)|(?<!\w)[*_~]|[*_~](?!\w)")
_CODE = re.compile(r"(?<![`\\])(`+)([^`\n]+)\1(?!`)")
"""Inline code on one line and not after a backslash: every renderer takes it for code."""
_FENCED = re.compile(r"^ {0,3}(`{3,})[^`\n]*\n(?:.*\n)*?^ {0,3}\1`*[ \t]*$", re.MULTILINE)
_BARE = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.|javascript:|data:)[^\s\0<>\[\]`\"]+", re.IGNORECASE)

IsSiteLink = Callable[[str], bool]


def escape_markdown(text: str) -> str:
    """Escape plain text so that Markdown shows it unchanged; code keeps its backticks, URLs become code."""
    return _map_outside(_CODE, text, _escape_prose)


def _escape_prose(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _BARE.finditer(text):
        parts += [_escape_marks(text[end : match.start()]), f"`{match[0]}`"]
        end = match.end()
    return "".join([*parts, _escape_marks(text[end:])])


def _escape_marks(text: str) -> str:
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", text.replace("`", "'"))


def fence_code(code: str) -> str:
    """Return the code as a fenced block, with a fence longer than any inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}\n{code}\n{ticks}"


_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE)
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,300}\]:[^\n]*(?:\n|$)", re.MULTILINE)
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){0,1000})\]"
    r"(?:\(\s*<?((?:[^()\s<>]|\([^()\s]{0,300}\)){0,2100})>?(?:\s+(?:\"[^\"]{0,300}\"|'[^']{0,300}'))?\s*\)"
    r"|\[([^\[\]]{0,300})\])"
)
_AUTOLINK = re.compile(r"<([a-z][a-z0-9+.-]{1,20}:[^\s\0<>]{1,2100})>", re.IGNORECASE)
_IMAGE_MARK = re.compile(r"!(?=\[)")
_REFERENCE = re.compile(r"\d{1,2}")


def sanitize_markdown(markdown: str, is_site_link: IsSiteLink) -> str:
    """Remove HTML, images, reference links and links to other sites from a complete piece of Markdown.

    Other links are reduced to their text, other URLs become code. References like [1] stay.
    """
    # A tilde fence around backtick fences would turn code into text and text into code.
    text = re.sub("~{3,}", "", markdown.replace("\0", ""))
    return _map_outside(_FENCED, text, lambda prose: _sanitize_prose(prose, is_site_link))


def _map_outside(kept: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to the text outside the matches of `kept`."""
    pieces: list[str] = []
    end = 0
    for match in kept.finditer(text):
        pieces += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*pieces, change(text[end:])])


def _sanitize_prose(text: str, is_site_link: IsSiteLink) -> str:
    kept: list[str] = []

    def keep(markdown: str) -> str:
        kept.append(markdown)
        return f"\0{len(kept) - 1}\0"

    def link(match: re.Match[str]) -> str:
        shown, address = match[2], match[3]
        if match[4] is not None and _REFERENCE.fullmatch(shown) and _REFERENCE.fullmatch(match[4]):
            return match[0]
        if match[1] or not address or not is_site_link(address):
            return shown
        return keep(f"[{_escape_marks(shown)}]({address})")

    def restore(text: str) -> str:
        # Adjacent code spans would merge into another one.
        apart = text.replace("\0\0", "\0 \0")
        return re.sub(r"\0(\d+)\0", lambda place: restore(kept[int(place[1])]), apart)

    # Code first, as a link's text may contain it. Backticks outside code are replaced: a renderer may pair them.
    text = _CODE.sub(lambda match: keep(match[0]), text).replace("`", "'")
    text = _LINK.sub(link, _HEADING.sub("", _DEFINITION.sub("", text)))
    # A renderer may still see a link or a definition here: nested brackets, or brackets in a quotation.
    text = re.sub(r"\](?=[(:])", r"]\\", text)
    text = _AUTOLINK.sub(lambda match: keep(f"<{match[1]}>") if is_site_link(match[1]) else keep(f"`{match[1]}`"), text)
    text = _BARE.sub(lambda match: match[0] if is_site_link(match[0]) else keep(f"`{match[0]}`"), text)
    text = _IMAGE_MARK.sub(r"\\!", text.replace("<", "&lt;"))
    return restore(text)


def make_link_check(site_url: str) -> IsSiteLink:
    """Return a test for links to the site: http(s), its host, no user name."""
    host = urlsplit(site_url).netloc.casefold()

    def is_site_link(address: str) -> bool:
        if re.search(r"[\s\\\x00-\x1f]", address):
            return False
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme.casefold() in ("http", "https") and parts.netloc.casefold() == host

    return is_site_link
