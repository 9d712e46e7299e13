"""Markdown and plain text: the title in the front matter, and characters that Markdown would take for markup."""

import re

_FRONT = re.compile(r"\A---\s*\n(?P<fields>(?:[^\n]*\n){0,60}?)---\s*\n")
_TITLE = re.compile(r"^title:\s*['\"]?(?P<title>[^'\"\n]{1,200})", re.MULTILINE)
_MARKUP = re.compile(r"^(#{1,6}\s|>|\d+[.)]\s|[+]\s|```|~~~|\|)")


def split_front_matter(text: str) -> tuple[str, str]:
    """Return the title of the front matter, empty without one, and the text after it."""
    front = _FRONT.match(text)
    if front is None:
        return "", text
    title = _TITLE.search(front["fields"])
    return (title["title"].strip() if title else ""), text[front.end() :]


def escape_markup(line: str) -> str:
    """Return a line of plain text so that Markdown shows it as it is."""
    return _MARKUP.sub(r"\\\1", line)
