"""Sentence boundaries, where no more than a rough cut of a text is needed."""

import re

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|(?<=\n)")
"""The space after a full stop, the position after a Chinese or Japanese one, or after a line."""
