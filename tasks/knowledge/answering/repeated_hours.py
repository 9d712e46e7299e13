"""Opening hours that are said twice: as the site writes them, and day by day in the passage of its facts.

The passage of facts has both, so that "Is it open on Tuesday?" finds Tuesday. An answer needs one of them.
"""

import re
from functools import cache

from tasks.knowledge.facts.fact_phrases import all_fact_phrases

_TIME = re.compile(r"(?<![\d/.:-])(?P<hour>[01]?\d|2[0-4])(?:[:.h](?P<minute>[0-5]\d))?(?![\d/]|[:.]\d)")
SHORT = 140
"""Characters of a statement that says hours and little else."""


@cache
def _day_by_day() -> re.Pattern[str]:
    """Return the pattern of one day's hours, as `tasks.knowledge.facts.fact_passages` states them."""
    opened, closed = ("|".join(re.escape(getattr(each, name)) for each in all_fact_phrases()) for name in _STATES)
    return re.compile(rf"[^:\n]{{2,80}}: (?:(?:(?:{opened}) )?\d\d:\d\d[\d:, –-]*|(?P<closed>{closed}))")


_STATES = ("open", "closed")


def is_day_by_day(text: str) -> bool:
    """Whether the statement has the hours of one day."""
    return bool(_day_by_day().fullmatch(text.strip()))


def repeats_hours(text: str, said: str) -> bool:
    """Whether a statement has hours, and none that the lines said before do not have in the other of the two forms."""
    times, day = _times_in(text), _day_by_day().fullmatch(text.strip())
    other_form = "\n".join(line for line in said.splitlines() if is_day_by_day(line) != (day is not None))
    if day and day["closed"]:
        return day["closed"].casefold() in other_form.casefold() and bool(_times_in(other_form))
    return bool(times) and len(text) <= SHORT and times <= _times_in(other_form)


def _times_in(text: str) -> set[tuple[int, int]]:
    """Return the times of day on a clock with twelve hours: "4–6 pm" and "16:00–18:00" are the same."""
    return {(int(found["hour"]) % 12, int(found["minute"] or 0)) for found in _TIME.finditer(text)}
