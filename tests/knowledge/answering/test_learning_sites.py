"""The wording of the questions that answers are learned from and measured with."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.benchmarks.business_sites import load_businesses
from tests.benchmarks.trade_sites import LEARNING

FORMS = ("do you", "how much", "how long", "how do", "how many", "can i", "is there", "are there")


@pytest.mark.parametrize("kind", ["neutral", "businesses"])
def test_measured_questions_are_as_formal_with_an_answer_as_without(kind: str) -> None:
    asked = [each for site in load_businesses(kind) for each in site.questions]
    answered, refused = ([each.text for each in asked if (each.answer is not None) == holds] for holds in (True, False))

    assert abs(_share(answered, _is_formal) - _share(refused, _is_formal)) < 0.1


def test_wording_does_not_tell_answerable_questions_from_others() -> None:
    answered, refused = _read_questions("? "), _read_questions("! ")

    for is_formal in (_begins_with_capital, _ends_with_mark):
        assert abs(_share(answered, is_formal) - _share(refused, is_formal)) < 0.1
    opened, in_vain = (Counter(_opening(text) for text in texts) for texts in (answered, refused))
    for form in FORMS:
        ratio = (in_vain[form] / len(refused)) / (opened[form] / len(answered))
        assert 1 / 2.5 < ratio < 2.5, f"{form} … is asked {ratio:.1f} times as often in vain"


def _read_questions(mark: str) -> list[str]:
    lines = [line for file in LEARNING.glob("*.md") for line in file.read_text("utf-8").splitlines()]
    return [text.strip() for line in lines if line.startswith(mark) for text in line[2:].split(" | ")]


def _begins_with_capital(text: str) -> bool:
    return text.lstrip("¿")[:1].isupper()


def _ends_with_mark(text: str) -> bool:
    return text.endswith("?")


def _is_formal(text: str) -> bool:
    return _begins_with_capital(text) and _ends_with_mark(text)


def _share(texts: list[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, texts)) / len(texts)


def _opening(text: str) -> str:
    return " ".join(text.lower().split()[:2])
