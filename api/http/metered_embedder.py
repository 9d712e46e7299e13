"""An embedder paid from the budgets of the current visit: no route embeds at the owner's cost otherwise."""

from collections.abc import Sequence

from api.http.visits import current_visit
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.records.budgets import Budgets


class MeteredEmbedder:
    """The embedder of the API's process; free embedders are not metered."""

    def __init__(self, embedder: Embedder, budgets: Budgets) -> None:
        self._embedder = embedder
        self._budgets = budgets
        self.model = embedder.model
        self.price = embedder.price
        self.usage = embedder.usage

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return the texts' vectors; their tokens are reserved first, and stay spent if the service fails.

        Raises:
            TryLater: a budget of the visit is spent.
            EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: as the embedder.
        """
        if self.price != 0:
            visit = current_visit()
            assert visit.may_spend, "a route that embeds must say so in its guard"
            count = load_tokenizer(self.model).count
            await self._budgets.reserve_tokens(visit.client, visit.widget.id, sum(map(count, texts)))
        return await self._embedder.embed(texts, into=into)
