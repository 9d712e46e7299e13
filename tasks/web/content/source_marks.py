"""A document's source for searches: whether it has any of some bytes, in lower case."""

from functools import cache

_SPACED = bytes.maketrans(b"\"'=>/(){}[];:,?!+|@%\\", b" " * 21)


class SourceMarks:
    """Answers for many marks: sources repeat most of their words, so each different word is searched once."""

    def __init__(self, html: str) -> None:
        # Lower-casing bytes is much faster than text.
        self._source = html.encode("utf-8", "replace").lower()
        self._words = b" %s " % b" ".join(set(self._source.translate(_SPACED).split()))

    def has_any(self, marks: tuple[bytes, ...]) -> bool:
        """Whether the source has any of the marks, which are in lower case."""
        # A mark of several words is absent if its longest one is: only the others are searched in the source.
        return any(key in self._words and (is_word or mark in self._source) for key, mark, is_word in _keyed(marks))


@cache
def _keyed(marks: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes, bool], ...]:
    """Return each mark behind its key, and whether it lies within a word; the shortest first: found soonest."""
    return tuple(sorted(((_key(mark), mark, _is_word(mark)) for mark in marks), key=lambda keyed: len(keyed[0])))


def _key(mark: bytes) -> bytes:
    """Return the longest word of the mark, with a space for a delimiter beside it."""
    spaced = mark.translate(_SPACED)
    word = max(spaced.split(), key=len)
    at = spaced.index(word)
    return spaced[max(0, at - 1) : at + len(word) + 1]


def _is_word(mark: bytes) -> bool:
    return mark.translate(_SPACED).split() == [mark]
