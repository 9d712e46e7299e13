"""Text for PostgreSQL's full text search: its configurations by language, and words it would not part by itself."""

import re

_JOINED = re.compile(r"[./:@](?:(?<=[^\W\d_].)(?=[^\W_])|(?<=\w.)(?=[^\W\d_]))")
"""Between letters: PostgreSQL takes `os.path` for a host and finds it by neither of its words."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese: no spaces between words."""

_CONFIGURATIONS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


def text_search_configuration(language: object) -> str:
    """The configuration for a BCP 47 tag; `english` when none is given, `simple` for others."""
    if not isinstance(language, str) or not language:
        return "english"
    return _CONFIGURATIONS.get(language.lower().replace("_", "-").split("-")[0], "simple")


def searchable(text: str) -> str:
    """The text with spaces between what visitors may ask for alone; for the index and for questions alike."""
    parted = _JOINED.sub(" ", text)
    return parted if parted.isascii() else _UNSPACED.sub(_in_pairs, parted)


def is_unspaced(word: str) -> bool:
    """Whether it is of a script that puts no spaces between words."""
    return not word.isascii() and bool(_UNSPACED.match(word))


def _in_pairs(match: re.Match[str]) -> str:
    """Each two neighbouring characters as a word: the usual stand-in for words where no spaces part them."""
    run = match[0]
    return f" {' '.join(run[at : at + 2] for at in range(len(run) - 1))} "
