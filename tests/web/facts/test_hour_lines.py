"""Lines of opening hours: times stand before or after their days, also both in one line."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.web.facts.fact_words import hour_words
from tasks.web.facts.hour_lines import read_hours

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPENINGS = st.lists(st.tuples(st.integers(6, 11), st.integers(13, 22)), min_size=1, max_size=4)


def read(text: str, languages: Sequence[str] = ("en",)) -> list[str]:
    """The line's entries in OpenStreetMap's notation."""
    return [entry.normal for entry in read_hours(text.lower(), hour_words(tuple(languages))).entries]


@pytest.mark.parametrize(
    ("text", "languages", "entries"),
    [
        ("Open 9–5 Monday to Friday", ["en"], ["Mo-Fr 09:00-17:00"]),
        (
            "9am - 5pm Monday to Friday, 10am - 2pm Saturday",
            ["en"],
            ["Mo-Fr 09:00-17:00", "Sa 10:00-14:00"],
        ),
        (
            "8.30–10.30 am and 4–6 pm, Monday to Saturday. Sunday 4–5 pm only.",
            ["en"],
            ["Mo-Sa 08:30-10:30,16:00-18:00", "Su 16:00-17:00"],
        ),
        ("9–5 Mon–Sat, Sun 10–4", ["en"], ["Mo-Sa 09:00-17:00", "Su 10:00-16:00"]),
        ("9-5 Mon, Wed, Fri and 10-2 Sat", ["en"], ["Mo,We,Fr 09:00-17:00", "Sa 10:00-14:00"]),
        ("9 am to 5 pm weekdays, 10 to 4 at weekends", ["en"], ["Mo-Fr 09:00-17:00", "Sa,Su 10:00-16:00"]),
        ("Closed on Mondays, open 9 am to 5 pm Tuesday to Sunday", ["en"], ["Mo off", "Tu-Su 09:00-17:00"]),
        (
            "We are open 10am–4pm Tuesday–Friday and 10am–5pm on Saturday; closed Sunday and Monday",
            ["en"],
            ["Tu-Fr 10:00-16:00", "Sa 10:00-17:00", "Mo,Su off"],
        ),
        ("From 9 to 5 on Mondays and from 10 to 4 on Tuesdays", ["en"], ["Mo 09:00-17:00", "Tu 10:00-16:00"]),
        ("Open 9–5. Monday closed", ["en"], ["Mo off"]),
        ("Daily 10–6 except Tuesdays", ["en"], ["Mo-Su 10:00-18:00", "Tu off"]),
        ("Täglich 10–18 Uhr außer Montag und Dienstag.", ["de"], ["Mo-Su 10:00-18:00", "Mo,Tu off"]),
        ("9–5 every weekday except Wednesday afternoon", ["en"], ["Mo-Fr 09:00-17:00"]),
        ("Open daily 10–6 except on Mondays", ["en"], ["Mo-Su 10:00-18:00", "Mo off"]),
        ("Tous les jours de 9h à 18h, sauf le lundi", ["fr"], ["Mo-Su 09:00-18:00", "Mo off"]),
        ("Closed except Sundays", ["en"], []),
        ("Mon 9–12 and 2–5, Sat 18–23, 0–2", ["en"], ["Mo 09:00-12:00,14:00-17:00", "Sa 18:00-23:00,00:00-02:00"]),
        ("We. 9–12, Th. 14–18", ["en"], ["We 09:00-12:00", "Th 14:00-18:00"]),
        ("9:00-12:00 und 14:00-18:00 Montag bis Freitag", ["de"], ["Mo-Fr 09:00-12:00,14:00-18:00"]),
        ("9.00–17.00 Mo–Fr; Sa 10.00–14.00", ["de"], ["Mo-Fr 09:00-17:00", "Sa 10:00-14:00"]),
        ("De 9h à 18h du lundi au vendredi", ["fr"], ["Mo-Fr 09:00-18:00"]),
        ("Dalle 9 alle 18 dal lunedì al venerdì", ["it"], ["Mo-Fr 09:00-18:00"]),
        ("De 10:00 a 14:00 de lunes a sábado", ["es"], ["Mo-Sa 10:00-14:00"]),
        ("10.00–17.00 dinsdag t/m zaterdag", ["nl"], ["Tu-Sa 10:00-17:00"]),
    ],
)
def test_times_belong_to_the_days_that_they_are_written_beside(
    text: str, languages: list[str], entries: list[str]
) -> None:
    """None is lost, and no day gets another's."""
    assert read(text, languages) == entries


@given(openings=OPENINGS, firsts=st.lists(st.integers(0, 6), min_size=5, max_size=5, unique=True))
def test_the_order_of_days_and_times_does_not_matter(openings: list[tuple[int, int]], firsts: list[int]) -> None:
    """Spans of days first with their times after them, or before them."""
    bounds = [0, *sorted(first for first in firsts if first)][: len(openings) + 1]
    days = [
        NAMES[first] if last - first == 1 else f"{NAMES[first]} to {NAMES[last - 1]}"
        for first, last in pairwise(bounds)
    ]
    times = [f"{start}:00–{end}:00" for start, end in openings]
    listed = list(zip(days, times, strict=False))
    after = read(", ".join(f"{day} {time}" for day, time in listed))
    before = read(", ".join(f"{time} {day}" for day, time in listed))
    assert after == before
    assert len(after) == len(listed)
