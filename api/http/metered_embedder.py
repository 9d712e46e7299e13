"""An embedder paid from the budgets of the current visit: no route embeds at the owner's cost otherwise."""

from collections.abc import Sequence

from api.http.visits import current_visit
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.core.settings import PREFIX
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.openai_api.model_status import OK, ModelStatus
from tasks.records.budgets import Budgets


class MeteredEmbedder:
    """The embedder of the API's process; free embedders are not metered."""

    def __init__(self, embedder: Embedder, budgets: Budgets, *, is_remote: bool = False) -> None:
        self._embedder = embedder
        self._budgets = budgets
        self.model = embedder.model
        self.price = embedder.price
        self.usage = embedder.usage
        self.status = ModelStatus("embedding", embedder.model, f"{PREFIX}EMBEDDING_MODEL") if is_remote else None

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
        try:
            found = await self._embedder.embed(texts, into=into)
        except EmbeddingRefused:
            self._record("account")
            raise
        except EmbeddingUnavailable:
            self._record("unreachable")
            raise
        self._record(OK)
        return found

    def _record(self, outcome: str) -> None:
        if self.status is not None:
            self.status.record(outcome)
