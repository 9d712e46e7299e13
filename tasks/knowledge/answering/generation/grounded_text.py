"""A model's answer on its way to the visitor: cleaned, its claims checked, its references put right.

Words go out as they come as long as the passages have them. From the first word that none has, the rest of the
sentence waits until it is complete; if no passage carries it, it is dropped. So nothing unfounded is ever shown,
and what is founded is not held back.
"""

import re
from collections.abc import Iterator

from tasks.knowledge.answering.generation.grounding import Grounds
from tasks.knowledge.answering.safe_markdown import IsOurs, clean

MAX_HELD = 4_000
"""Characters of one sentence or block of code; what is longer is not an answer."""

_REFERENCES = re.compile(r"\s*\[(\d{1,2})(?:\s*,\s*(\d{1,2}))*\]")
_CODE = re.compile(r"[ \t]*(?P<fence>`{3,})[^\n]*\n(?s:.*?)\n?[ \t]*(?P=fence)[ \t]*(?:\n|$)")
_END = re.compile(
    r"\n+|(?<=[.!?…])[\"”»')*_]*(?:\s*\[\d{1,2}(?:\s*,\s*\d{1,2})*\])*(?=\s+[^\s\[])|(?<=[。！？])(?!\s*\[)(?=.)"
)
_NO_END = re.compile(
    r"(?:^|[\s(])(?:\d{1,3}|e\.g|i\.e|etc|cf|vs|nr|no|dr|mr|mrs|ms|st|approx|ca|bzw|[^\W\d_])\.$", re.IGNORECASE
)
"""A list's number or an abbreviation, not a sentence's end."""
_OPEN = re.compile(r"[\[<(!`\\]")


class GroundedText:
    """Takes a model's text as it comes, gives what may be shown."""

    def __init__(self, grounds: Grounds, is_ours: IsOurs) -> None:
        self._grounds = grounds
        self._is_ours = is_ours
        self._buffer = ""
        self._shown = ""
        """What of the present sentence is out already."""
        self._ended_line = True
        self.cited: list[int] = []
        """The passages the shown text rests on, in the order of their first reference: the first is [1]."""
        self.dropped = 0
        """Sentences that no passage carries."""

    def feed(self, text: str) -> Iterator[str]:
        """What may be shown now."""
        return filter(None, self._feed(text))

    def _feed(self, text: str) -> Iterator[str]:
        self._buffer += text.replace("\0", "").replace("\r", "")
        while (end := self._end()) is not None:
            sentence, self._buffer = self._buffer[:end], self._buffer[end:]
            yield from self._finish(sentence)
        if len(self._buffer) > MAX_HELD:
            self._buffer, self._shown = "", ""
            self.dropped += 1
        yield from self._show_known()

    def end(self) -> Iterator[str]:
        """What may be shown of the last sentence."""
        sentence, self._buffer = self._buffer, ""
        return filter(None, self._finish(sentence) if sentence.strip() else ())

    def _end(self) -> int | None:
        """Where the present sentence or block ends, if it does yet."""
        if re.match(r"[ \t]*`{3,}", self._buffer):
            code = _CODE.match(self._buffer)
            return code.end() if code else None
        for match in _END.finditer(self._buffer):
            if "\n" in match[0] or not _NO_END.search(self._buffer[: match.end()]):
                return match.end()
        return None

    def _show_known(self) -> Iterator[str]:
        """Words of the unfinished sentence, up to the first that is unknown, unfinished or opens something."""
        rest = self._buffer[len(self._shown) :]
        if self._shown and not self._buffer.startswith(self._shown):
            return
        limit = _OPEN.search(rest)
        end = 0
        for word in re.finditer(r"\S+\s+", rest[: limit.start()] if limit else rest):
            if not self._grounds.knows(word[0]) or "://" in word[0] or word[0].startswith(("www.", "#")):
                break
            # Words that say nothing wait for one that does: "I'm" may go on with "sorry".
            if self._grounds.claims(word[0]):
                end = word.end()
        # A space may be the last thing before a full stop or a reference: it goes with the word after it.
        piece = rest[:end].rstrip()
        if piece.strip():
            self._shown += piece
            yield piece

    def _finish(self, sentence: str) -> Iterator[str]:
        shown, self._shown = self._shown, ""
        given = [int(n) for match in _REFERENCES.finditer(sentence) for n in re.findall(r"\d+", match[0])]
        plain = _REFERENCES.sub("", sentence)
        if not plain.strip():
            yield from self._line_end(plain)
            return
        right = self._right(plain, given)
        if right is None:
            self.dropped += 1
            if shown:
                yield " …" + ("\n" if plain.endswith("\n") else "")
            return
        self.cited += [n for n in right if n not in self.cited]
        yield self._rest(plain, shown, [self.cited.index(n) + 1 for n in right])

    def _right(self, plain: str, given: list[int]) -> list[int] | None:
        """The passages to refer to for the sentence; none at all when it must not be shown."""
        carriers = self._grounds.carriers(plain)
        chosen = [n for n in dict.fromkeys(given) if n in carriers]
        if not self._grounds.claims(plain):
            # The words before a list, a rule, a "Yes.": they say nothing that could be referred to.
            return [] if self._grounds.same_language else (chosen or None)
        return chosen or (carriers[:1] if self._grounds.same_language else []) or None

    def _line_end(self, plain: str) -> Iterator[str]:
        if "\n" in plain and not self._ended_line:
            yield plain

    def _rest(self, plain: str, shown: str, references: list[int]) -> str:
        """What is still to be shown of the sentence, with its references before the line's end."""
        rest = clean(plain[len(shown) :], self._is_ours)
        body, trail = re.fullmatch(r"(?s)(.*?)(\s*)", rest).groups()  # type: ignore[union-attr]
        marks = "".join(f" [{n}]" for n in references)
        if marks and body.endswith("```"):
            marks = "\n" + marks.strip()
        self._ended_line = "\n" in trail
        return body + marks + trail
