"""Requests for a person, in each language of the widget; questions about people are none."""

import pytest

from tasks.knowledge.answering.question.person_requests import wants_person

REQUESTS = {
    "en": ["Can I talk to a real person?", "I'd like to speak with someone please", "human", "I need a human"],
    "de": ["Kann ich mit einem Menschen sprechen?", "Ich möchte mit jemandem reden", "Mitarbeiter bitte"],
    "fr": ["Je voudrais parler à quelqu'un", "Puis-je parler avec un conseiller ?"],
    "es": ["Quiero hablar con una persona", "¿Puedo hablar con alguien?", "agente por favor"],
    "it": ["Vorrei parlare con un operatore", "Posso parlare con qualcuno?"],
    "pt": ["Quero falar com um atendente", "Posso falar com alguém?"],
    "nl": ["Kan ik met een medewerker praten?", "Ik wil iemand spreken, met een mens praten"],
    "ja": ["担当者と話したいです", "オペレーターにつないでください"],
    "ar": ["أريد التحدث مع شخص", "هل يمكنني التحدث إلى موظف؟"],
    "he": ["אפשר לדבר עם נציג?", "אני רוצה לדבר עם מישהו"],
}
QUESTIONS = [
    "Do you speak English?",
    "Who is the person in charge of the roastery?",
    "How much is a ticket per person?",
    "Do your agents sell houses in Leith?",
    "Wie viele Mitarbeiter haben Sie?",
    "Sprechen Sie Deutsch?",
    "Combien de personnes travaillent ici ?",
    "¿Cuántas personas caben?",
    "Quante persone possono entrare?",
    "Hoeveel medewerkers heeft u?",
    "何人で予約できますか?",
    "Can somebody under 18 rent a car? " * 6,
]


@pytest.mark.parametrize("language", REQUESTS)
def test_who_asks_for_a_person_is_understood(language: str) -> None:
    """In words of their own."""
    assert [text for text in REQUESTS[language] if not wants_person(text)] == []


def test_questions_about_people_are_questions() -> None:
    """They get an answer, and no form."""
    assert [text for text in QUESTIONS if wants_person(text)] == []
