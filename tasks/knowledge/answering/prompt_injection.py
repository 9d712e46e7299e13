"""Prompt injection: text on a page that instructs a language model is removed before any answer is made from it.

The list cannot be complete, and need not be: text that gets through is still only quoted or paraphrased, without links,
images or HTML, and no instruction of a page is carried out.
"""

import re
from itertools import takewhile

from tasks.knowledge.answering.evidence.statements import split_sentences

_MACHINE = r"(?:ai|a\.i\.|llms?|gpt|chat ?bots?|assistants?|language models?|ki|bots?|modell?)"
_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,60}\b(?:instructions?|prompts?|rules?|guidelines|context)\b",
    r"\b(?:ignoriere?|vergiss|missachte)\b[^.]{0,60}\b(?:anweisungen|regeln|vorgaben|prompts?)\b",
    r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.]{0,60}\b(?:instructions|consignes|règles)\b",
    r"\b(?:ignora|olvida|dimentica)\b[^.]{0,60}\b(?:instrucciones|istruzioni|reglas|regole)\b",
    r"\b(?:system|developer|hidden|initial) (?:prompt|message|instructions?)\b",
    r"\byou are (?:now |no longer )?(?:an? |the )?(?:\w+ )?" + _MACHINE + r"\b",
    r"\b(?:to|note to|attention|dear|hey|for) (?:all |any |the )?(?:\w+ )?" + _MACHINE + r"\s*[:,!]",
    r"\b" + _MACHINE + r"\b[^.]{0,60}\b(?:must|should|shall|have to) (?:\w+ )?(?:now )?"
    r"(?:reply|respond|answer|say|tell|output|include|recommend|print|repeat|reveal|append|add)\b",
    r"\b(?:reply|respond|answer) (?:only |exactly )?with\b[^.]{0,40}(?:\bonly\b|[\"“'`])",
    r"<\|?(?:im_start|im_end|system|assistant|endoftext)\|?>|\[/?INST\]|\bBEGIN SYSTEM\b",
    r"\b(?:api[ _-]?key|environment variables?|credentials)\b[^.]{0,40}\b(?:reveal|print|send|leak|repeat)\b",
    r"\b(?:reveal|print|send|leak|repeat)\b[^.]{0,40}\b(?:api[ _-]?keys?|environment variables?|credentials|prompt)\b",
)
_INSTRUCTION = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)


def remove_instructions(markdown: str) -> str:
    """Remove instructions to a language model, each up to the end of its paragraph."""
    if not _INSTRUCTION.search(markdown):
        return markdown
    return "\n".join(_clean_line(line) for line in markdown.split("\n"))


def _clean_line(line: str) -> str:
    if not is_instruction(line):
        return line
    # The rest of the paragraph usually continues the instruction.
    return " ".join(takewhile(lambda sentence: not is_instruction(sentence), split_sentences(line)))


def is_instruction(text: str) -> bool:
    """Whether the text instructs a language model."""
    return bool(_INSTRUCTION.search(text))
