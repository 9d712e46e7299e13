"""Grounded text: a model's stream on its way to the visitor, sanitized, with checked claims and corrected references.

Each sentence is shown when it is complete and a passage supports it; else it is dropped, with the "Yes." before it.
Nothing is shown before the first supported sentence: until then the answer is not decided.
"""

import re
from collections.abc import Iterator

from tasks.knowledge.answering.generation.grounding import ADDRESS, Grounding
from tasks.knowledge.answering.safe_markdown import IsSiteLink, sanitize_markdown

MAX_HELD = 4_000
"""Characters of one sentence or block of code; longer ones are dropped."""
MARKER = "NOT_FOUND"
"""The model's reply if the passages do not answer."""

_REFERENCES = re.compile(r"\s*\[(\d{1,2})(?:\s*,\s*(\d{1,2}))*\]")
_OTHER_REFERENCES = re.compile(
    r"\[\^?(?:passages?|sources?|quelle|source)?\s*#?(\d{1,2}(?:\s*[,–-]\s*\d{1,2})*)\]"
    r"|【(\d{1,2})(?:[†:][^】]{0,40})?】|\((?:passages?|sources?)\s+(\d{1,2}(?:\s*[,–-]\s*\d{1,2})*)\)",
    re.IGNORECASE,
)
_CODE = re.compile(r"[ \t]*(?P<fence>`{3,})[^\n]*\n(?s:.*?)\n?[ \t]*(?P=fence)[ \t]*(?:\n|$)")
_END = re.compile(
    r"\n+|(?<=[.!?…])[\"”»')*_]*(?:\s*\[\d{1,2}(?:\s*,\s*\d{1,2})*\])*(?=\s+[^\s\[])|(?<=[。！？])(?!\s*\[)(?=.)"
)
_NO_END = re.compile(
    r"(?:^|[\s(])(?:\d{1,3}|e\.g|i\.e|etc|cf|vs|nr|no|dr|mr|mrs|ms|st|approx|ca|bzw|[^\W\d_])\.$", re.IGNORECASE
)
"""A list's number or an abbreviation, not a sentence's end."""
_LABEL = re.compile(
    r"^\s*[*_]{0,2}(?:final )?(?:answer|antwort|réponse|respuesta|risposta)\s*[*_]{0,2}:[*_]{0,2}\s*", re.IGNORECASE
)
_WRAPPER = re.compile(r"^\s*`{3,}(?:markdown|md|text)?[ \t]*\n", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"^(\s*(?:[-*+]\s+)?)(?:according to|based on|as per|laut|gemäß|selon|d['’]après|según|secondo)\b[^,.]{0,40}"
    r"\b(?:passages?|context|excerpts?|text|information|passagen?|kontext|extraits?|contexto|contesto)\b[^,.]{0,30},\s*(\w)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\bNOT[_ ]FOUND\b")


class GroundedText:
    """A filter from the model's text to the text that may be shown."""

    def __init__(self, grounding: Grounding, is_site_link: IsSiteLink) -> None:
        self._grounding = grounding
        self._is_site_link = is_site_link
        self._buffer = ""
        self._pending: list[str] = []
        """Sentences without claims, shown with the next one that is supported."""
        self._is_first = True
        self._is_wrapped = False
        self._ended_line = True
        self.cited: list[int] = []
        """The passages that support the shown text, in the order of their first reference: the first is [1]."""
        self.dropped = 0
        """Number of sentences that no passage supports."""
        self.has_marker = False
        """Whether the model says that the passages do not answer."""

    def feed(self, text: str) -> Iterator[str]:
        """Add the model's text; yield the pieces that may be shown now."""
        return filter(None, self._feed(text))

    def _feed(self, text: str) -> Iterator[str]:
        self._buffer += text.replace("\0", "").replace("\r", "")
        if self._is_first and not self._begin():
            return
        self._buffer = _normalize_references(self._buffer)
        while (end := self._find_end()) is not None:
            sentence, self._buffer = self._buffer[:end], self._buffer[end:]
            yield from self._finish(sentence)
        if len(self._buffer) > MAX_HELD:
            self._buffer = ""
            self.dropped += 1

    def end(self) -> Iterator[str]:
        """End the text; yield what may be shown of its last sentence."""
        if self._is_first:
            self._begin(is_whole=True)
        sentence, self._buffer = _normalize_references(self._buffer), ""
        if self._is_wrapped:
            sentence = re.sub(r"\n?`{3,}\s*$", "", sentence)
        return filter(None, self._finish(sentence) if sentence.strip() else ())

    def _begin(self, *, is_whole: bool = False) -> bool:
        """Remove a label or a fence around the whole answer; return whether its beginning is complete."""
        self._buffer = self._buffer.lstrip()
        if not is_whole and "\n" not in self._buffer and len(self._buffer) < 20:
            return False
        self._is_first = False
        if wrapper := _WRAPPER.match(self._buffer):
            self._is_wrapped, self._buffer = True, self._buffer[wrapper.end() :]
        self._buffer = _LABEL.sub("", self._buffer, count=1)
        return True

    def _find_end(self) -> int | None:
        """Return the end of the current sentence or block; none if it is incomplete."""
        if re.match(r"[ \t]*`{3,}", self._buffer):
            if self._is_wrapped:
                return None
            code = _CODE.match(self._buffer)
            return code.end() if code else None
        for match in _END.finditer(self._buffer):
            if "\n" in match[0] or not _NO_END.search(self._buffer[: match.end()]):
                return match.end()
        return None

    def _finish(self, sentence: str) -> Iterator[str]:
        if _MARKER.search(sentence):
            self.has_marker = True
            self._pending.clear()
            return
        referenced = [int(n) for match in _REFERENCES.finditer(sentence) for n in re.findall(r"\d+", match[0])]
        plain = _ATTRIBUTION.sub(lambda found: found[1] + found[2].upper(), _REFERENCES.sub("", sentence))
        if not plain.strip():
            yield from self._line_end(plain)
            return
        if not self._grounding.makes_claims(plain) and not referenced:
            # The introduction of a list, a rule, a "Yes.": there is no claim to cite.
            self._pending.append(plain)
            return
        supported = self._supported_references(plain, referenced)
        if not supported:
            self.dropped += 1
            self._drop_pending()
            return
        if not self._grounding.has_asked(supported[0]):
            # A "Yes." would affirm what this sentence does not say.
            self._drop_pending()
            plain = self._grounding.affirm(plain, supported[0])
        yield from map(self._sanitized, self._pending)
        self._pending.clear()
        self.cited += [n for n in supported if n not in self.cited]
        yield self._with_references(plain, [self.cited.index(n) + 1 for n in supported])

    def _drop_pending(self) -> None:
        """Drop a "Yes." with what it answers; the introduction of a list stays for the list's other items."""
        self._pending = [text for text in self._pending if text.rstrip().endswith((":", "："))]

    def _supported_references(self, plain: str, referenced: list[int]) -> list[int]:
        """Return the passages to cite for the sentence; none if it must not be shown."""
        if self._names_strange_address(plain):
            return []
        supporting = self._grounding.supporting_passages(plain)
        chosen = [n for n in dict.fromkeys(referenced) if n in supporting]
        if chosen or self._grounding.same_language:
            return chosen or supporting[:1]
        # Across languages, only the figures tell which passage a sentence without a reference is from.
        return supporting[:1] if len(supporting) == 1 and not referenced else []

    def _names_strange_address(self, plain: str) -> bool:
        """Whether the sentence shows an address that is neither the site's nor in a passage."""
        shown = ADDRESS.findall(sanitize_markdown(plain, self._is_site_link))
        addresses = [address.rstrip(".,;:!?`") for address in shown]
        return any(not self._is_site_link(each) and not self._grounding.mentions(each) for each in addresses)

    def _line_end(self, plain: str) -> Iterator[str]:
        if "\n" in plain and not self._ended_line:
            if self._pending:
                self._pending.append(plain)
            elif self.cited:
                yield plain

    def _sanitized(self, text: str) -> str:
        shown = sanitize_markdown(text, self._is_site_link)
        self._ended_line = shown.endswith("\n")
        return shown

    def _with_references(self, plain: str, references: list[int]) -> str:
        """Return the sentence with its references before the end of the line."""
        shown = sanitize_markdown(plain, self._is_site_link)
        body, trail = re.fullmatch(r"(?s)(.*?)(\s*)", shown).groups()  # type: ignore[union-attr]
        marks = "".join(f" [{n}]" for n in references)
        if marks and body.endswith("```"):
            marks = "\n" + marks.strip()
        self._ended_line = "\n" in trail
        return body + marks + trail


def _normalize_references(text: str) -> str:
    """Rewrite a model's other ways of naming a passage to [n]."""
    return _OTHER_REFERENCES.sub(lambda found: _brackets(next(filter(None, found.groups()))), text)


def _brackets(numbers: str) -> str:
    if ends := re.fullmatch(r"(\d+)\s*[–-]\s*(\d+)", numbers):
        return " ".join(f"[{n}]" for n in range(int(ends[1]), min(int(ends[2]), int(ends[1]) + 5) + 1))
    return " ".join(f"[{n}]" for n in re.findall(r"\d+", numbers))
