"""Opening hours are told once: as the site writes them, or day by day."""

import pytest

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.repeated_hours import repeats_hours
from tests.knowledge.answer_material import EMBEDDER, READER, ask, build_site

WRITTEN = "Drop-off and collection: 8.30–10.30 am and 4–6 pm, Monday to Saturday."
DAILY = "Monday: 08:30–10:30, 16:00–18:00\nTuesday: 08:30–10:30, 16:00–18:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Monday: 08:30–10:30, 16:00–18:00", WRITTEN),
        ("Montag: 09:00–17:00", "Mo–Fr 9 bis 17 Uhr"),
        ("lundi: 09:30–18:00", "Du lundi au vendredi, de 9h30 à 18h"),
        ("Laden – Samstag: 10:00–14:00", "Sa 10.00–14.00 Uhr"),
        (WRITTEN, DAILY),
        ("Shop – Tuesday: open 10:00–17:00", "Tuesday to Saturday, 10:00 to 17:00."),
        ("Shop – Monday: closed", "Tuesday to Saturday, 10:00 to 17:00. On Sundays and Mondays the shop is closed."),
        ("Montag: geschlossen", "Di–Sa 10–17 Uhr, montags geschlossen"),
        ("Tuesday to Saturday, 10:00 to 17:00.", "Monday: closed\nTuesday: open 10:00–17:00"),
    ],
)
def test_hours_that_were_said_are_a_repetition(text: str, said: str) -> None:
    """In twelve hours or in twenty-four, a sentence after the list or a list after the sentence."""
    assert repeats_hours(text, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Sunday: 16:00–17:00", WRITTEN.replace("4–6 pm", "3–6 pm")),
        ("Sunday: closed", WRITTEN),
        ("Sunday: closed", "Monday: open 10:00–17:00"),
        ("Tuesday: 08:30–10:30, 16:00–18:00", "Monday: we are closed"),
        ("The bakery opens at 8.30 and sells until 6.", WRITTEN),
        ("Tuesday: 09:00–17:00", "Monday: 09:00–17:00"),
        ("Call 01347 555 019", DAILY),
        (WRITTEN + " Ring the bell at the farmhouse door, and somebody will come and take your dog.", DAILY),
    ],
)
def test_everything_else_is_told(text: str, said: str) -> None:
    """Other times, closed days, the next day of a list, two sentences, and sentences that say more."""
    assert not repeats_hours(text, said)


async def test_an_answer_tells_hours_once_that_a_page_and_the_facts_tell(pool: Pool) -> None:
    """The facts have the page's sentences with the shop's name before them, then each day."""
    said = (
        "The shop's opening hours are Tuesday to Saturday, 10:00 to 17:00. On Sundays and Mondays the shop is closed."
    )
    days = "".join(f"- Shop at the mill – {day}: open 10:00–17:00\n" for day in ("Tuesday", "Wednesday", "Thursday"))
    facts = f"## Opening hours\n\n- Shop at the mill – {said}\n- Shop at the mill – Monday: closed\n{days}"
    site = await build_site(pool, {"/contact": ("Contact", f"# Contact\n\n{said}"), "/facts": ("Contact", facts)})

    for question in ("What are your opening hours?", "opening times sat"):
        answered = await ask(Answerer(pool, EMBEDDER, None, READER), site, question)
        text = "".join(answered.pieces)
        assert text.count("10:00") == 1, text
