"""The language of a page: as declared, unless its script or its words say otherwise.

Templates declare English for pages in any language, and many pages declare nothing.
"""

from collections import Counter

import regex

from tasks.knowledge.language.function_words import likely_language
from tasks.knowledge.language.words import primary_subtag, read_words

MAX_CHARACTERS = 1_000
"""Characters of a page that are looked at."""
MIN_SCRIPT_SHARE = 0.5
"""Share of the letters in one script from which the script decides."""
FIRST_OTHER = "\u0370"
"""The first letter that is not Latin."""

_SCRIPTS = {
    "Greek": ("el",),
    "Cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg", "tt"),
    "Arabic": ("ar", "fa", "ur", "ps", "ckb", "sd", "ug"),
    "Hebrew": ("he", "yi", "iw"),
    "Devanagari": ("hi", "mr", "ne", "sa", "kok", "mai"),
    "Bengali": ("bn", "as"),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Thai": ("th",),
    "Lao": ("lo",),
    "Myanmar": ("my",),
    "Khmer": ("km",),
    "Georgian": ("ka",),
    "Armenian": ("hy",),
    "Hangul": ("ko",),
    "Hiragana": ("ja",),
    "Katakana": ("ja",),
    "Han": ("zh", "ja", "yue", "wuu"),
}
"""Languages of the scripts, the most frequent first."""
_LETTERS = regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in _SCRIPTS) + r"|(?P<other>\p{L})")


def page_language(declared: object, text: str) -> str:
    """Return the primary subtag of the page's language; `en` if nothing tells it."""
    stated = primary_subtag(declared) if isinstance(declared, str) else ""
    beginning = text[:MAX_CHARACTERS]
    if (written := _language_of_script(beginning, stated)) is not None:
        return written
    if stated and stated != "en":
        # English is what templates declare; of other languages the declaration is right.
        return stated
    return likely_language(read_words(beginning), expected=("en",)) or "en"


def _language_of_script(text: str, stated: str) -> str | None:
    """Return the language if the letters are mostly of a script of few languages; none for Latin letters."""
    letters = [character for character in text if character.isalpha()]
    if sum(character >= FIRST_OTHER for character in letters) < MIN_SCRIPT_SHARE * len(letters):
        return None
    counts = Counter(match.lastgroup for match in _LETTERS.finditer("".join(letters)))
    if any(counts[kana] for kana in ("Hiragana", "Katakana")):
        counts["Hiragana"] += counts.pop("Han", 0) + counts.pop("Katakana", 0)
    if not counts:
        return None
    script, count = counts.most_common(1)[0]
    if script is None or script == "other" or count < MIN_SCRIPT_SHARE * counts.total():
        return None
    languages = _SCRIPTS[script]
    return stated if stated in languages else languages[0]
