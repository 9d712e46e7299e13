"""PostgreSQL's text search configurations by language."""

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
