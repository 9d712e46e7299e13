"""Visible text: a model's stream without its reasoning, whatever marks the model puts around it.

Some models mark the end alone, because their prompt's template has opened the reasoning: then all text before the mark
is reasoning. Which models do is seen in their first whole answer; until then their text is held back.
"""

import re
from collections.abc import AsyncIterator

_PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<analysis>", "</analysis>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|end|>"),
    ("<|channel|>commentary<|message|>", "<|end|>"),
)
_OPENED = dict(_PAIRS)
_CLOSERS = tuple(closer for _, closer in _PAIRS if closer != "<|end|>")
_MARKS = tuple(sorted({*_OPENED, *_CLOSERS}, key=len, reverse=True))
_FRAME = re.compile(
    r"<\|(?:start|end|return|channel|message|im_start|im_end|eot_id|endoftext|begin_of_solution|end_of_solution)\|>"
    r"(?:assistant|final)?|</?(?:answer|final|response|output)>|<final_answer>|</final_answer>|</?s>",
    re.IGNORECASE,
)
_LONGEST = 40
"""Characters of the longest mark."""


class ThinkingHabit:
    """Whether a model closes reasoning that it has not opened; unknown before its first whole answer."""

    def __init__(self, *, closes_unopened: bool | None = None) -> None:
        self.closes_unopened = closes_unopened


class VisibleText:
    """A filter from the model's text to the text outside of its reasoning."""

    def __init__(self, habit: ThinkingHabit) -> None:
        self._habit = habit
        self._buffer = ""
        self._closer = ""
        """The mark that ends the reasoning under way."""
        self._is_held = habit.closes_unopened is not False

    def feed(self, text: str) -> str:
        """Add the model's text; return the text that is certainly visible."""
        self._buffer += text
        shown = ""
        while (found := self._next_mark()) is not None:
            before, mark = self._buffer[: found.start()], found[0].casefold()
            self._buffer = self._buffer[found.end() :]
            if self._closer:
                self._closer = ""
                self._is_held = False
            elif mark in _OPENED:
                shown += before
                self._closer = _OPENED[mark]
                self._set(False)
            else:
                # The end of reasoning that was not opened: all before it was reasoning.
                shown = ""
                self._set(True)
                self._is_held = False
        if self._closer or self._is_held:
            return _unframed(shown)
        kept = _possible_mark(self._buffer)
        visible, self._buffer = self._buffer[: len(self._buffer) - kept], self._buffer[len(self._buffer) - kept :]
        return _unframed(shown + visible)

    def end(self) -> str:
        """End the text; return what is left of it. Reasoning that does not end hides the rest."""
        if self._closer or (self._is_held and self._habit.closes_unopened):
            return ""
        self._set(False)
        return _unframed(self._buffer)

    def _set(self, closes_unopened: bool) -> None:
        if self._habit.closes_unopened is not True:
            self._habit.closes_unopened = closes_unopened
        self._is_held = self._is_held and closes_unopened

    def _next_mark(self) -> re.Match[str] | None:
        marks = (self._closer,) if self._closer else _MARKS
        return re.search("|".join(map(re.escape, marks)), self._buffer, re.IGNORECASE)


def _possible_mark(text: str) -> int:
    """Return the length of the text's end that may be the beginning of a mark."""
    start = max(text.rfind(mark, max(0, len(text) - _LONGEST)) for mark in "<[◁")
    if start < 0:
        return 0
    rest = text[start:].casefold()
    return len(rest) if any(mark.startswith(rest) for mark in _MARKS) or re.fullmatch(r"</?\|?[a-z_]*\|?", rest) else 0


def _unframed(text: str) -> str:
    return _FRAME.sub("", text)


async def hide_reasoning(deltas: AsyncIterator[str], habit: ThinkingHabit) -> AsyncIterator[str]:
    """Yield the text outside of the reasoning."""
    visible = VisibleText(habit)
    async for delta in deltas:
        if piece := visible.feed(delta):
            yield piece
    if piece := visible.end():
        yield piece


def without_reasoning(text: str, habit: ThinkingHabit) -> str:
    """Return a whole text without its reasoning."""
    visible = VisibleText(habit)
    return (visible.feed(text) + visible.end()).strip()
