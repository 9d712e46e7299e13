"""The reader: rates sentences by their sense for a question, beside the event loop and within a deadline.

Without a model, or when it fails or is late, the ratings it has are returned, maybe none; answers go on without them.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.knowledge.answering.evidence.sense import NOTHING_READ, Reading
from tasks.knowledge.answering.question.intents import load_intents
from tasks.knowledge.embedding.sentence_model import BATCH, SentenceModel, load_sentence_model
from tasks.knowledge.language.glossary import gloss, has_glossary, load_glossary
from tasks.knowledge.language.words import primary_subtag

logger = logging.getLogger("widget_builder.chat")

DEADLINE_S = 0.5
"""Seconds for a question's ratings; sentences that are not rated by then are judged by their words."""
STALLED_S = 10.0
"""Seconds after which a call of the model counts as stalled, if the deadline is not later: nothing waits for it."""
MAX_CACHED = 30_000
"""Sentences whose vectors are kept: 23 MB."""
INTENT_FROM, INTENT_TO = 5.0, 10.0
"""Similarity to an example from which a question may have its intent, and from which it surely has."""

PAIRS = 4
"""Statements judged in one call: the time to wait for another visitor's."""

ENGLISH = "en"

Vector = NDArray[np.float16]
_Result = TypeVar("_Result")


class SentenceReader:
    """A sentence model in a thread of its own, with a cache of vectors."""

    def __init__(self, setting: str, data_dir: Path, *, deadline_s: float = DEADLINE_S) -> None:
        self._setting = setting
        self._data_dir = data_dir
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(1, "reader")
        self._cached: OrderedDict[str, Vector] = OrderedDict()
        self._model: SentenceModel | None = None
        self._examples: NDArray[np.float32] | None = None
        self._began: float | None = None
        self.problem = ""
        """The reason why it rates nothing any more."""

    async def load(self) -> None:
        """Load the model; a failure is kept as `problem`."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        except DependencyUnavailable as error:
            self.problem = error.message
            logger.error("%s; answers go on without it", error.message)

    def close(self) -> None:
        """End the thread once its call is over."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def warnings(self) -> list[str]:
        """Return what an operator should know: nothing while it works, loads or is switched off."""
        if self._is_stalled():
            return [f"sentence model {self._setting}: no answer within {STALLED_S:g} s; answers go on without it"]
        return [f"{self.problem}; answers go on without it"] if self.problem else []

    def _load(self) -> None:
        if self._model is not None:
            return
        model = load_sentence_model(self._setting, self._data_dir)
        if model is not None:
            self._examples = model.embed_questions([text for each in load_intents() for text in each.examples])
        self._model = model

    async def read(
        self, question: str, texts: Sequence[str], *, asked_in: str = ENGLISH, written_in: str = ENGLISH
    ) -> Reading:
        """Rate the texts, the most promising first, until the deadline; the question alone without texts.

        Above an English model, other languages (BCP 47) are read by their glosses.
        """
        if self._model is None or self._is_stalled():
            return NOTHING_READ
        for language in {asked_in, written_in}:
            await asyncio.to_thread(load_glossary, language)
        try:
            async with asyncio.timeout(self._deadline_s):
                spoken = await self._gloss(asked_in, [question])
                glossed = dict(zip(texts, await self._gloss(written_in, texts), strict=True))
                (asked,) = await self._embed(spoken, are_questions=True)
        except TimeoutError:
            return NOTHING_READ
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no public class.
            self._fail(error)
            return NOTHING_READ
        await self._embed_missing(list(glossed.values()))
        if self._model is None:
            return NOTHING_READ
        known = {text: english for text, english in glossed.items() if english in self._cached}
        is_understood = self._model.is_multilingual or _is_readable(written_in)
        return self._rate(asked, known).model_copy(update={"is_understood": is_understood})

    async def judge(
        self, question: str, texts: Sequence[str], *, asked_in: str = ENGLISH, written_in: str = ENGLISH
    ) -> Mapping[str, float]:
        """Return what the cross-encoder adds to each text's log-odds, the first texts first, until the deadline.

        None in a language without glosses, or above a model without a cross-encoder.
        """
        if self._model is None or self._model.cross_encoder is None or self._is_stalled():
            return {}
        if not all(map(_is_readable, (asked_in, written_in))):
            return {}
        fits: dict[str, float] = {}
        listed = list(dict.fromkeys(texts))
        try:
            async with asyncio.timeout(self._deadline_s):
                (spoken,) = await self._gloss(asked_in, [question])
                for start in range(0, len(listed), PAIRS):
                    batch = listed[start : start + PAIRS]
                    glossed = await self._gloss(written_in, batch)
                    fits.update(zip(batch, await self._run(partial(self._judge_now, spoken, glossed)), strict=True))
        except TimeoutError:
            logger.debug("judged %d of %d statements in time", len(fits), len(listed))
        except Exception as error:  # noqa: BLE001 - see above.
            self._fail(error)
            return {}
        return fits

    async def _gloss(self, language: str, texts: Sequence[str]) -> list[str]:
        """Return the texts as the model can read them."""
        assert self._model is not None
        if self._model.is_multilingual or not has_glossary(language):
            return list(texts)
        return await self._run(lambda: [gloss(text, language) for text in texts])

    async def _embed_missing(self, texts: Sequence[str]) -> None:
        until = time.monotonic() + self._deadline_s
        missing = [text for text in dict.fromkeys(texts) if text not in self._cached]
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._deadline_s):
                for start in range(0, len(missing), BATCH):
                    if time.monotonic() >= until:
                        return
                    # Another visitor may have asked for the same meanwhile.
                    batch = [text for text in missing[start : start + BATCH] if text not in self._cached]
                    if batch:
                        self._keep(batch, await self._embed(batch))
        except TimeoutError:
            return
        except Exception as error:  # noqa: BLE001 - see above.
            self._fail(error)

    def _rate(self, asked: NDArray[np.float32], texts: Mapping[str, str]) -> Reading:
        assert self._model is not None
        assert self._examples is not None
        senses: dict[str, float] = {}
        if texts:
            rows = np.stack([self._cached[english] for english in texts.values()]).astype(np.float32)
            senses = dict(zip(texts, self._model.standardize(rows @ asked).tolist(), strict=True))
        alike = self._model.standardize(self._examples @ asked)
        owners = [each for each in load_intents() for _ in each.examples]
        best = int(alike.argmax())
        certainty = (float(alike[best]) - INTENT_FROM) / (INTENT_TO - INTENT_FROM)
        return Reading(
            senses=senses,
            asked=owners[best].answer_types,
            certainty=min(1.0, max(0.0, certainty)),
        )

    async def _embed(self, texts: list[str], *, are_questions: bool = False) -> NDArray[np.float32]:
        return await self._run(partial(self._embed_now, texts, are_questions))

    def _embed_now(self, texts: list[str], are_questions: bool) -> NDArray[np.float32]:
        assert self._model is not None
        return self._model.embed_questions(texts) if are_questions else self._model.embed_texts(texts)

    def _judge_now(self, question: str, texts: list[str]) -> list[float]:
        assert self._model is not None
        assert self._model.cross_encoder is not None
        rated: list[float] = self._model.cross_encoder.rate(question, texts).tolist()
        return rated

    async def _run(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._time, call)

    def _time(self, call: Callable[[], _Result]) -> _Result:
        self._began = time.monotonic()
        try:
            return call()
        finally:
            self._began = None

    def _keep(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        for text, vector in zip(texts, vectors, strict=True):
            self._cached[text] = vector.astype(np.float16)
        while len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)

    def _is_stalled(self) -> bool:
        began = self._began
        return began is not None and time.monotonic() - began > max(STALLED_S, self._deadline_s)

    def _fail(self, error: Exception) -> None:
        self._model = None
        self.problem = f"sentence model {self._setting}: it failed ({type(error).__name__})"
        logger.error("%s; answers go on without it", self.problem, exc_info=error)


def _is_readable(language: str) -> bool:
    return primary_subtag(language) == ENGLISH or has_glossary(language)


@contextmanager
def open_sentence_reader(settings: Settings) -> Iterator[SentenceReader]:
    """Open the reader with the model of the settings; `load` loads it."""
    reader = SentenceReader(settings.sentence_model, settings.data_dir)
    try:
        yield reader
    finally:
        reader.close()
