"""Opening hours that are said twice: as the site writes them, and day by day in the passage of its facts.

The passage of facts has both, so that "Is it open on Tuesday?" finds Tuesday. An answer needs one of them.
"""

import re

_TIME = re.compile(r"(?<![\d/.:-])(?P<hour>[01]?\d|2[0-4])(?:[:.h](?P<minute>[0-5]\d))?(?![\d/]|[:.]\d)")
_DAY_BY_DAY = re.compile(r"[^:\n]{2,80}: \d\d:\d\d[\d:, –-]*")
"""A statement of one day's times, as `tasks.knowledge.facts.fact_passages` makes it."""
SHORT = 140
"""Characters of a statement that says hours and little else."""


def is_day_by_day(text: str) -> bool:
    """Whether the statement has the times of one day."""
    return bool(_DAY_BY_DAY.fullmatch(text.strip()))


def repeats_hours(text: str, said: str) -> bool:
    """Whether a statement has hours, and none that the lines said before do not have in the other of the two forms."""
    times = _times_in(text)
    other_form = [line for line in said.splitlines() if is_day_by_day(line) != is_day_by_day(text)]
    return bool(times) and len(text) <= SHORT and times <= _times_in("\n".join(other_form))


def _times_in(text: str) -> set[tuple[int, int]]:
    """Return the times of day on a clock with twelve hours: "4–6 pm" and "16:00–18:00" are the same."""
    return {(int(found["hour"]) % 12, int(found["minute"] or 0)) for found in _TIME.finditer(text)}
