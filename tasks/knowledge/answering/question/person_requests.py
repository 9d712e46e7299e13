"""Requests for a person: "Can I talk to somebody?", in the widget's languages.

The patterns are general forms, written without a set of questions to fit; a wrong match shows a form that can be
closed, a missed one leaves the button below the chat.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

MAX_LENGTH = 160
"""Characters of such a request at most; a longer message is about something."""


def wants_person(message: str) -> bool:
    """Whether the message asks for a person instead of an answer."""
    plain = " ".join(unicodedata.normalize("NFKC", message).casefold().replace("’", "'").split())
    return len(plain) <= MAX_LENGTH and any(pattern.search(plain) for pattern in _patterns())


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    listed: dict[str, list[str]] = json.loads(Path(__file__).with_name("person_requests.json").read_text("utf-8"))
    return tuple(re.compile(pattern) for patterns in listed.values() for pattern in patterns)
