"""PostgreSQL full text search: its configurations by language, and the word splits that its parser lacks."""

import re

_JOINED = re.compile(r"[./:@](?:(?<=[^\W\d_].)(?=[^\W_])|(?<=\w.)(?=[^\W\d_]))")
"""Punctuation between letters: PostgreSQL's parser takes `os.path` for a host, so neither word would match."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
"""Runs of Thai, Lao, Burmese, Khmer, Japanese or Chinese, which put no spaces between words."""

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
    """Return the configuration for a BCP 47 tag: `english` without a tag, `simple` for unsupported languages."""
    if not isinstance(language, str) or not language:
        return "english"
    return _CONFIGURATIONS.get(language.lower().replace("_", "-").split("-")[0], "simple")


def split_for_search(text: str) -> str:
    """Insert spaces where a word may be searched by itself; the same for index and query."""
    split = _JOINED.sub(" ", text)
    return split if split.isascii() else _UNSPACED.sub(_bigrams, split)


def is_unspaced(word: str) -> bool:
    """Whether the word is in a script without spaces between words."""
    return not word.isascii() and bool(_UNSPACED.match(word))


def _bigrams(match: re.Match[str]) -> str:
    """Return overlapping character bigrams: the usual substitute for words in scripts without spaces."""
    run = match[0]
    return f" {' '.join(run[at : at + 2] for at in range(len(run) - 1))} "
