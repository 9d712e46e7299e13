"""Removing elements from a document, safely."""

from collections.abc import Iterable

from selectolax.lexbor import LexborNode


def remove_all(nodes: Iterable[LexborNode]) -> None:
    """Remove the nodes, which are in document order, from their document; they may repeat and nest.

    selectolax gives a node once for each selector of a list that it matches, and frees what it removes:
    a node must go once, and before the one that holds it.
    """
    once = {node.mem_id: node for node in nodes}
    for node in reversed(once.values()):
        node.decompose()
