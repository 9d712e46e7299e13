"""Groups of questions that mean the same, so that an owner answers them once."""

import asyncio
from collections.abc import Sequence

import numpy as np

from tasks.knowledge.embedding.local_model import embed_locally

SAME_MEANING = 0.68
"""Cosine with a group's first question from which another one belongs to it."""


async def group_questions(questions: Sequence[str]) -> list[list[int]]:
    """Return the questions' indices in groups; the first of a group comes first among the questions."""
    return await asyncio.to_thread(_group, questions)


def _group(questions: Sequence[str]) -> list[list[int]]:
    if not questions:
        return []
    vectors = embed_locally(list(questions))
    groups: list[list[int]] = []
    for at, vector in enumerate(vectors):
        cosines = [float(vectors[group[0]] @ vector) for group in groups]
        nearest = int(np.argmax(cosines)) if cosines else -1
        if nearest >= 0 and cosines[nearest] >= SAME_MEANING:
            groups[nearest].append(at)
        else:
            groups.append([at])
    return groups
