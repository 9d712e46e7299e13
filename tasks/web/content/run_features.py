"""Named features of each run of text, the inputs of the first stage (`scorecard.json` has their weights)."""

import re
from collections.abc import Iterable

from tasks.web.content.bins import Bins
from tasks.web.content.box_features import box_features
from tasks.web.content.boxes import HEADINGS, Box, Outline, Run
from tasks.web.content.lexicon import SAYS, SAYS_WITHOUT_DIGITS, TOPICS
from tasks.web.content.vocabulary import BITS

PROSE_WORDS = 9
"""Least words of a run that counts as prose, if it has few links."""
TITLE_WORDS = 12
"""Most words of a heading, whatever the element."""
SHORT_WORDS = 40
"""Text patterns are searched in runs of at most this many words."""
MIN_PROSE_WORDS = 30
CORES = {"core": 0.5, "wide core": 0.8}
"""Core boxes by their share of the page's prose."""
MAX_ANALYSED_CHARACTERS = 300
"""Characters analysed of a long run."""

_LOWER = re.compile(r"\b[a-zà-ÿа-яα-ω]")
_INITIAL = re.compile(r"\b\w")
_SENTENCE = re.compile(r"[a-zà-ÿа-я\d)\"”’][.!?…。！？](?:\s|$)")
_DIGIT = re.compile(r"\d")
_COMMAS = re.compile(r"[,、，]")

_words = Bins("words", (2, 3, 5, 9, 16, 31, 61, 121))
_linked = Bins("linked", (0.01, 0.3, 0.7, 0.95))
_commas = Bins("commas", (1, 3, 6))
_lower = Bins("lower", (0.2, 0.5, 0.7, 0.85))
_place = Bins("place", (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98))
_after = Bins("after heading", (1, 2, 3, 6, 12, 30))


def is_prose(run: Run) -> bool:
    """Whether the run is at least a sentence, without many links."""
    return run.words >= PROSE_WORDS and run.link_words * 3 <= run.words


def find_run_features(outline: Outline, title: str) -> list[list[str]]:
    """Return the features of each run; `title` is the page's."""
    runs = outline.runs
    total = sum(run.words for run in runs) or 1
    cores = core_boxes(outline)
    heading = _Heading(any(run.box.tag == "h1" for run in runs))
    of_box: dict[Box, list[str]] = {}
    seen: set[str] = set()
    lowered = title.lower()
    before = 0
    features: list[list[str]] = []
    for index, run in enumerate(runs):
        if run.box not in of_box:
            of_box[run.box] = box_features(run.box)
        found = [*of_box[run.box], *_text_features(run), _place(before / total), *heading.advance(run)]
        if run.text in seen:
            found.append("said before")
        if len(run.text) == len(title) and run.text.lower() == lowered:
            found.append("is title")
        found += [f"{name} {_side(core, index)}" for name, core in cores.items()]
        features.append(found)
        seen.add(run.text)
        before += run.words
    return features


def core_boxes(outline: Outline) -> dict[str, Box]:
    """Return the innermost boxes with most of the page's prose outside lists; empty if there is hardly any prose."""
    prose = [0]
    for run in outline.runs:
        prose.append(prose[-1] + (run.words if is_prose(run) and run.box.tag != "li" else 0))
    if prose[-1] < MIN_PROSE_WORDS:
        return {}
    found: dict[str, Box] = {}
    least = [(name, share * prose[-1]) for name, share in CORES.items()]
    for box in outline.boxes:
        words = prose[box.last] - prose[box.first]
        for name, enough in least:
            if words >= enough and (name not in found or box.depth >= found[name].depth):
                found[name] = box
    return found


def _side(core: Box, index: int) -> str:
    return "before" if index < core.first else "in" if index < core.last else "after"


def heading_text(run: Run) -> str | None:
    """Return a heading's text in lower case, empty if too long; None if the run is not a heading."""
    if run.box.tag in HEADINGS or (run.box.groups & BITS["title"] and run.words < TITLE_WORDS):
        return run.text.lower() if run.words <= TITLE_WORDS else ""
    return None


class _Heading:
    """The current heading while iterating over the runs."""

    def __init__(self, has_h1: bool) -> None:
        self.topics: list[str] = []
        self.since = 0
        self.place = "before h1" if has_h1 else "no h1"

    def advance(self, run: Run) -> Iterable[str]:
        if (text := heading_text(run)) is not None:
            self.topics = [feature for feature, topic in TOPICS.items() if topic.search(text)]
            self.since = 0
            if run.box.tag == "h1":
                self.place = "past h1"
        else:
            self.since += 1
        return (*self.topics, _after(self.since), self.place)


def _text_features(run: Run) -> list[str]:
    """Features of a run from its own text."""
    text = run.text if run.words < 60 else run.text[:MAX_ANALYSED_CHARACTERS]
    initials = len(_INITIAL.findall(text))
    found = [
        _words(run.words),
        _linked(run.link_words / run.words),
        _commas(len(_COMMAS.findall(run.text))),
        _lower(len(_LOWER.findall(text)) / initials if initials else 0),
        _ending(run.text[-1]),
    ]
    if _SENTENCE.search(text):
        found.append("sentence")
    digits = len(_DIGIT.findall(text))
    if run.words <= SHORT_WORDS:
        lowered, says = text.lower(), SAYS if digits else SAYS_WITHOUT_DIGITS
        found += [feature for feature, pattern in says.items() if pattern.search(lowered)]
    if digits:
        found.append("digits many" if digits > 0.2 * len(text) else "digits some")
    return found


def _ending(last: str) -> str:
    if last in ".!…。":
        return "ends ."
    return "ends :" if last == ":" else "ends word" if last.isalnum() else "ends other"
