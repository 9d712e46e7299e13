"""Grounded text: a model's stream on its way to the visitor, sanitized, with checked claims and corrected references.

Words are shown as they arrive while the passages have them. From the first word that no passage has, the rest of the
sentence is held back until it is complete; if no passage supports it, it is dropped. So nothing ungrounded is ever
shown, and grounded text is not delayed.
"""

import re
from collections.abc import Iterator

from tasks.knowledge.answering.generation.grounding import Grounding
from tasks.knowledge.answering.safe_markdown import IsSiteLink, sanitize_markdown

MAX_HELD = 4_000
"""Characters of one sentence or block of code; longer ones are dropped."""

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
    """A filter from the model's text to the text that may be shown."""

    def __init__(self, grounding: Grounding, is_site_link: IsSiteLink) -> None:
        self._grounding = grounding
        self._is_site_link = is_site_link
        self._buffer = ""
        self._shown = ""
        """The part of the current sentence that has been shown."""
        self._ended_line = True
        self.cited: list[int] = []
        """The passages that support the shown text, in the order of their first reference: the first is [1]."""
        self.dropped = 0
        """Number of sentences that no passage supports."""

    def feed(self, text: str) -> Iterator[str]:
        """Add the model's text; yield the pieces that may be shown now."""
        return filter(None, self._feed(text))

    def _feed(self, text: str) -> Iterator[str]:
        self._buffer += text.replace("\0", "").replace("\r", "")
        while (end := self._find_end()) is not None:
            sentence, self._buffer = self._buffer[:end], self._buffer[end:]
            yield from self._finish(sentence)
        if len(self._buffer) > MAX_HELD:
            self._buffer, self._shown = "", ""
            self.dropped += 1
        yield from self._show_known()

    def end(self) -> Iterator[str]:
        """End the text; yield what may be shown of its last sentence."""
        sentence, self._buffer = self._buffer, ""
        return filter(None, self._finish(sentence) if sentence.strip() else ())

    def _find_end(self) -> int | None:
        """Return the end of the current sentence or block; none if it is incomplete."""
        if re.match(r"[ \t]*`{3,}", self._buffer):
            code = _CODE.match(self._buffer)
            return code.end() if code else None
        for match in _END.finditer(self._buffer):
            if "\n" in match[0] or not _NO_END.search(self._buffer[: match.end()]):
                return match.end()
        return None

    def _show_known(self) -> Iterator[str]:
        """Yield words of the unfinished sentence, up to the first that is unknown, incomplete or opens markup."""
        rest = self._buffer[len(self._shown) :]
        if self._shown and not self._buffer.startswith(self._shown):
            return
        limit = _OPEN.search(rest)
        end = 0
        for word in re.finditer(r"\S+\s+", rest[: limit.start()] if limit else rest):
            if not self._grounding.allows(word[0]) or "://" in word[0] or word[0].startswith(("www.", "#")):
                break
            # Function words wait for a content word: "I'm" may continue with "sorry".
            if self._grounding.makes_claims(word[0]):
                end = word.end()
        # Trailing space is held back: a full stop or a reference may follow.
        piece = rest[:end].rstrip()
        if piece.strip():
            self._shown += piece
            yield piece

    def _finish(self, sentence: str) -> Iterator[str]:
        shown, self._shown = self._shown, ""
        referenced = [int(n) for match in _REFERENCES.finditer(sentence) for n in re.findall(r"\d+", match[0])]
        plain = _REFERENCES.sub("", sentence)
        if not plain.strip():
            yield from self._line_end(plain)
            return
        supported = self._supported_references(plain, referenced)
        if supported is None:
            self.dropped += 1
            if shown:
                yield " …" + ("\n" if plain.endswith("\n") else "")
            return
        self.cited += [n for n in supported if n not in self.cited]
        yield self._rest(plain, shown, [self.cited.index(n) + 1 for n in supported])

    def _supported_references(self, plain: str, referenced: list[int]) -> list[int] | None:
        """Return the passages to cite for the sentence; None if it must not be shown."""
        supporting = self._grounding.supporting_passages(plain)
        chosen = [n for n in dict.fromkeys(referenced) if n in supporting]
        if not self._grounding.makes_claims(plain):
            # The introduction of a list, a rule, a "Yes.": there is no claim to cite.
            return [] if self._grounding.same_language else (chosen or None)
        return chosen or (supporting[:1] if self._grounding.same_language else []) or None

    def _line_end(self, plain: str) -> Iterator[str]:
        if "\n" in plain and not self._ended_line:
            yield plain

    def _rest(self, plain: str, shown: str, references: list[int]) -> str:
        """Return the unshown rest of the sentence, with its references before the end of the line."""
        rest = sanitize_markdown(plain[len(shown) :], self._is_site_link)
        body, trail = re.fullmatch(r"(?s)(.*?)(\s*)", rest).groups()  # type: ignore[union-attr]
        marks = "".join(f" [{n}]" for n in references)
        if marks and body.endswith("```"):
            marks = "\n" + marks.strip()
        self._ended_line = "\n" in trail
        return body + marks + trail
