"""Text patterns typical of the parts around a page's content, mostly English; the models learn their weights.

All patterns expect lower-case text: case-insensitive search takes twice as long.
"""

import re

from tasks.core.month_names import ENGLISH_ABBREVIATIONS

_MONTHS = "|".join(ENGLISH_ABBREVIATIONS)


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


SAYS: dict[str, re.Pattern[str]] = {
    "says copyright": _pattern(
        r"©", r"\(c\) ?\d{4}", r"all rights reserved", r"copyright", r"privacy policy", r"terms of (?:use|service)"
    ),
    "says price": _pattern(r"[$€£¥₹]\s?\d", r"\d\s?(?:€|£|kr|zł|usd|eur)\b"),
    "says date": _pattern(
        rf"\b(?:{_MONTHS})[a-z]*\.? \d{{1,2}}\b",
        r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b",
        r"\b\d{4}-\d\d-\d\d\b",
        r"\b(?:minute|hour|day|week|month|year)s? ago\b",
        r"\bmin read\b",
    ),
    "says call": _pattern(
        r"^(?:read|learn|see|view|show|load|find out|discover|shop|explore|browse|continue)\b.{0,20}$",
        r"\b(?:add to|sign up|log ?in|subscribe|get started|buy now|book now|contact us|download|click here|apply now"
        r"|try (?:it )?(?:for )?free|request)\b",
    ),
    "says share": _pattern(
        r"^(?:share|tweet|pin|email|print|copy link|follow|like|save|reply|report|quote|upvote|downvote)\b"
    ),
    "says account": _pattern(
        r"\b(?:log in|sign in|sign up|register|your (?:email|cart|account|privacy)|newsletter|password|cookies?)\b"
    ),
    "says question": _pattern(r"\?\s*$"),
    "says by": _pattern(r"^(?:by|written by|author|posted|published|updated|last updated|filed under|tags?|categor)"),
    "says count": _pattern(
        r"^\W*\d[\d,.]*\W*$", r"^\d+ (?:comments?|replies|views|likes|items?|results?|products?|reviews?|ratings?)"
    ),
}
"""Features of runs, from their own text."""
SAYS_WITHOUT_DIGITS = {
    feature: pattern for feature, pattern in SAYS.items() if feature not in ("says price", "says count")
}
"""The patterns that can match a text without digits."""

TOPICS: dict[str, re.Pattern[str]] = {
    "under related": _pattern(
        r"related|you (?:may|might)|recommend|more (?:from|in|like|stories|articles|posts|products|on)|similar|popular",
        r"trending|latest|recent|also (?:like|bought|viewed)|featured|editor|read next|keep reading|further reading",
        r"don't miss|see also|top stories|explore",
    ),
    "under comments": _pattern(
        r"\bcomments?\b", r"leave a (?:reply|comment)", r"responses?\b", r"discussion|replies|join the"
    ),
    "under subscribe": _pattern(
        r"newsletter|subscri|sign up|stay (?:up|in)|follow us|join (?:our|us)|get (?:the|our|in touch)|contact"
    ),
    "under reviews": _pattern(r"reviews?\b|ratings?\b|customers? say|testimonial"),
    "under share": _pattern(r"\bshare\b|follow"),
    "under about": _pattern(
        r"about the author|author|company|quick links|information|resources|customer (?:care|service)|help|support",
        r"legal|categories|tags|archives",
    ),
    "under filter": _pattern(r"filter|refine|sort|narrow|shop by|brand$|price$|size$|colou?r$"),
    "under question": _pattern(r"faq|frequently asked|questions|q\s?&\s?a"),
}
"""Features of runs, from the heading above them."""

PRICE = _pattern(r"[$€£¥]\s?\d", r"\d\s?(?:€|£|kr|zł)")
MOMENT = _pattern(r"\bago\b", rf"\b(?:{_MONTHS})[a-z]*\.? \d{{1,2}},? \d{{4}}")
CART = _pattern(
    r"add to (?:cart|bag|basket)|in den warenkorb|ajouter au panier|buy (?:it )?now|in stock|out of stock|sku"
)
REPLY = _pattern(r"\b(?:repl(?:y|ies)|posted|joined|posts|thread|answers?|upvote|quote|likes?)\b")
"""Patterns counted on a page as features of its type."""
