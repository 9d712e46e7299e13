"""A site's tone, and the widget's greeting in the same tone."""

import re

FORMAL, NEUTRAL, FRIENDLY = "formal", "neutral", "friendly"
MIN_SIGNS = 2

# Words that address the reader, formally and not. English and Japanese have one form for both.
_ADDRESS = {
    "de": (r"\b(?:Sie|Ihnen|Ihre?[rnms]?)\b", r"\b(?:[Dd]u|[Dd]ir|[Dd]ich|[Dd]eine?[rnms]?|[Ee]uch|[Ee]ure?[rnms]?)\b"),
    "fr": (r"\b(?:vous|votre|vos)\b", r"\b(?:tu|toi|ton|ta|tes)\b"),
    "es": (r"\b(?:usted(?:es)?|su|sus)\b", r"\b(?:tú|tu|tus|te|ti|contigo)\b"),
    "it": (r"\b(?:Lei|Suo|Sua|Suoi|Sue|Vi|vostro|vostra)\b", r"\b(?:tu|tuo|tua|tuoi|tue|ti)\b"),
    "pt": (r"\b(?:senhor|senhora|seu|sua|seus|suas)\b", r"\b(?:você|tu|teu|tua|te|contigo)\b"),
    "nl": (r"\b(?:u|uw)\b", r"\b(?:je|jij|jou|jouw|jullie)\b"),
}
_ADDRESSES = {
    language: (re.compile(formal, 0 if language in ("de", "it") else re.IGNORECASE), re.compile(informal))
    for language, (formal, informal) in _ADDRESS.items()
}
_CONTRACTIONS = re.compile(r"\b(?:we|you|they|it|that|here|let|what)[’'](?:re|ll|ve|s|d)\b|n[’']t\b", re.IGNORECASE)
_EXCLAMATIONS = re.compile(r"[a-zà-ÿ)]\s?!(?!=)|！")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")

_GREETINGS = {
    "en": {
        FRIENDLY: "Hi there! What would you like to know about {name}?",
        NEUTRAL: "Hello! Ask me anything about {name}.",
        FORMAL: "Welcome. How may we help you with {name}?",
    },
    "de": {
        FRIENDLY: "Hallo! Was möchtest du über {name} wissen?",
        NEUTRAL: "Hallo! Hier gibt es Antworten zu {name}.",
        FORMAL: "Guten Tag! Was möchten Sie über {name} wissen?",
    },
    "fr": {
        FRIENDLY: "Salut ! Que veux-tu savoir sur {name} ?",
        NEUTRAL: "Bonjour ! Une question sur {name} ?",
        FORMAL: "Bonjour ! Que souhaitez-vous savoir sur {name} ?",
    },
    "es": {
        FRIENDLY: "¡Hola! ¿Qué quieres saber sobre {name}?",
        NEUTRAL: "¡Hola! ¿Alguna pregunta sobre {name}?",
        FORMAL: "Le damos la bienvenida. ¿Qué desea saber sobre {name}?",
    },
    "it": {
        FRIENDLY: "Ciao! Cosa vuoi sapere su {name}?",
        NEUTRAL: "Ciao! Domande su {name}?",
        FORMAL: "Buongiorno! Cosa desidera sapere su {name}?",
    },
    "pt": {
        FRIENDLY: "Olá! O que você quer saber sobre {name}?",
        NEUTRAL: "Olá! Alguma pergunta sobre {name}?",
        FORMAL: "Olá! O que gostaria de saber sobre {name}?",
    },
    "nl": {
        FRIENDLY: "Hoi! Wat wil je weten over {name}?",
        NEUTRAL: "Hallo! Een vraag over {name}?",
        FORMAL: "Goedendag! Wat wilt u weten over {name}?",
    },
    "ja": dict.fromkeys((FRIENDLY, NEUTRAL, FORMAL), "こんにちは！{name}について何でもお尋ねください。"),
}


def site_tone(prose: str, language: str) -> str:
    """Return `formal`, `neutral` or `friendly`, by the text's forms of address and its liveliness."""
    formal, informal = _addressed(prose, language)
    if max(formal, informal) >= MIN_SIGNS:
        return FORMAL if formal > informal else FRIENDLY
    words = max(1, len(prose.split()))
    signs = sum(len(pattern.findall(prose)) for pattern in (_CONTRACTIONS, _EXCLAMATIONS, _EMOJI))
    return FRIENDLY if signs >= MIN_SIGNS and signs / words > 0.01 else NEUTRAL


def greeting(name: str, language: str, tone: str) -> str:
    """Return the widget's greeting, in English if there is none in the language."""
    return _GREETINGS.get(language.split("-")[0], _GREETINGS["en"])[tone].format(name=name)


def monogram(name: str) -> str:
    """Return the name's initials, one or two letters; one for a host name."""
    if "." in name and " " not in name:
        return name[:1].upper()
    words = [word for word in re.split(r"[\W_]+", name) if word]
    return "".join(word[0] for word in words[:2]).upper()[:2]


def _addressed(prose: str, language: str) -> tuple[int, int]:
    patterns = _ADDRESSES.get(language.split("-")[0])
    if patterns is None:
        return 0, 0
    return len(patterns[0].findall(prose)), len(patterns[1].findall(prose))
