"""`python -m tests.benchmarks.learn_cross_encoder`: learn `embedding/cross_encoder.onnx` with JAX.

Needs `pip install jax optax onnx` beside what tests need. Learned from the sites of `small_sites/learning`, written for
it, in English and by the glosses of five other languages, and from XQuAD's even articles in English and Spanish: each
question with the seven statements that the answer model ranks first, those that answer always among them, or with none
that answers. The four upper layers of all-MiniLM-L6-v2 are learned on; the two below stay as they are packaged. The
loss is that of choosing one of the statements or none, and of each by itself, where the answer model's log-odds count
beside the rating: what is learned is what they do not tell. Some two hours on two cores.
"""

import argparse
import asyncio
import math
import pickle
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime as runtime
import optax
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.utils import Extractor
from tokenizers import Tokenizer

from tasks.knowledge.answering.evidence.answer_model import Part, load_answer_model
from tasks.knowledge.answering.evidence.evidence_score import ReadPassages
from tasks.knowledge.answering.evidence.statement_features import Features
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.cross_encoder import FILE, Pair, encode_pair, pad_pairs
from tasks.knowledge.embedding.sentence_model import find_packaged
from tasks.knowledge.language.glossary import gloss
from tests.benchmarks.cross_encoder_graph import DIMENSIONS, HEADS, Graph
from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite, load_xquad
from tests.benchmarks.knowledge import embed_pages, open_database, store_widget
from tests.benchmarks.learn_answers import label_candidates, search
from tests.benchmarks.trade_sites import LEARNING, load_sites

LOWER_LAYERS, LAYERS = 2, 4
"""Layers that stay as they are packaged, and those that are learned."""
LOWER_OUTPUT = "layer_norm_4"
"""The packaged model's value after its second layer."""
CANDIDATES, MAX_RIGHT = 7, 3
QUESTIONS = 8
"""Questions of one step."""
LENGTHS = (24, 32, 40, 48, 56, 64, 80, 112)
"""Lengths that batches are padded to; each is compiled once."""
XQUAD = {"en": 600, "es": 400}
"""Questions of XQuAD's even articles by language; every other is asked a second time without its page."""
EVERYWHERE = 8
"""Questions for contact data asked of each site."""
EPOCHS, RATE, DROPPED = 2, 2e-4, 0.1
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "i": "intermediate.dense",
    "d": "output.dense",
}
_NORMS = {"n1": "attention.output.LayerNorm", "n2": "output.LayerNorm"}

Tree = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: their pairs, their likelihood without it, whether each answers, their states."""

    pairs: list[Pair]
    likelihoods: NDArray[np.float32]
    labels: NDArray[np.bool_]
    states: list[NDArray[np.float16]]


async def collect(sites: Iterable[EverydaySite]) -> list[Asked]:
    """Build the sites, and return the questions with their likeliest statements."""
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=600)
    await reader.load()
    tokenizer = _open_tokenizer()
    found: list[Asked] = []
    chance = random.Random(1)
    async with open_database() as pool:
        for site in sites:
            job = await store_widget(pool, list(embed_pages(site.pages)))
            for number, asked in enumerate(site.questions):
                question, passages = await search(pool, job.widget_id, site, asked)
                tries = [(asked, passages)]
                if asked.path and number % 2:
                    elsewhere = [each for each in passages if not each.url.endswith(asked.path)]
                    tries.append((AskedQuestion(asked.text, None), elsewhere))
                for each, among in tries:
                    read = ReadPassages(question, among)
                    languages = {"asked_in": site.language, "written_in": site.language}
                    rows = read.measure(await reader.read(question.text, read.contexts, **languages))
                    labels = label_candidates(read, each)
                    likelihoods = np.array([_likelihood(row) for row in rows], np.float32)
                    kept = _choose(likelihoods, labels, chance)
                    if kept and (each.answer is None or labels.any()):
                        asked_for = gloss(question.text, site.language)
                        pairs = [
                            encode_pair(tokenizer, asked_for, gloss(read.contexts[at], site.language)) for at in kept
                        ]
                        found.append(Asked(pairs, likelihoods[kept], labels[kept], []))
            print(site.name, len(found), flush=True)
    reader.close()
    return found


def _open_tokenizer() -> Tokenizer:
    _, _, file = find_packaged()
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _likelihood(row: Features) -> float:
    model = load_answer_model()[Part.sense]
    values = row._asdict()
    return sum(weight * values[name] for name, weight in model.weights.items())


def _choose(likelihoods: NDArray[np.float32], labels: NDArray[np.bool_], chance: random.Random) -> list[int]:
    """Return those that answer, the likeliest others, and one other by chance."""
    order = [int(at) for at in np.argsort(-likelihoods)]
    right = [at for at in order if labels[at]][:MAX_RIGHT]
    wrong = [at for at in order if not labels[at]]
    most = CANDIDATES - len(right) - 1
    return [*right, *wrong[:most], *chance.sample(wrong[most:], min(1, len(wrong[most:])))]


def read_states(questions: Sequence[Asked], packaged: onnx.ModelProto) -> None:
    """Add the states after the lower layers."""
    names = {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"}
    lower = Extractor(packaged).extract_model(list(names.values()), [LOWER_OUTPUT])
    session = runtime.InferenceSession(lower.SerializeToString(), providers=["CPUExecutionProvider"])
    places = [(asked, at) for asked in questions for at in range(len(asked.pairs))]
    read: list[NDArray[np.float16] | None] = [None] * len(places)
    for batch, given in pad_pairs([asked.pairs[at] for asked, at in places]):
        (states,) = session.run([LOWER_OUTPUT], {names[name]: each for name, each in given.items()})
        for row, at in enumerate(batch):
            read[at] = states[row, : int(given["mask"][row].sum())].astype(np.float16)
    for (asked, _), each in zip(places, read, strict=True):
        assert each is not None
        asked.states.append(each)


def packaged_embeddings(model: onnx.ModelProto) -> Tree:
    """Return the embeddings as packaged; those of words and places as whole numbers with a scale a row."""
    values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    place = "inner.embeddings."
    tables = {
        name: (values[f"{place}{name}_embeddings.weight_q"], values[f"{place}{name}_embeddings.weight_scale"])
        for name in ("word", "position")
    }
    types = values[f"{place}token_type_embeddings.weight"]
    return tables | {"types": types, "n": values[f"{place}LayerNorm.weight"], "nb": values[f"{place}LayerNorm.bias"]}


def packaged_layers(model: onnx.ModelProto) -> list[Tree]:
    """Return the weights of all layers as packaged: whole numbers times a scale a column."""
    values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    outputs = {node.input[1]: node.output[0] for node in model.graph.node if node.op_type == "MatMul"}
    biases = {
        each: next(name for name in node.input if name != each)
        for node in model.graph.node
        if node.op_type == "Add"
        for each in node.input
    }
    matrices = {
        biases[outputs[name]]: values[f"{name}_q"].astype(np.float32) * values[f"{name}_scale"]
        for name in outputs
        if f"{name}_q" in values
    }
    layers = []
    for number in range(LOWER_LAYERS + LAYERS):
        place = f"inner.encoder.layer.{number}."
        layer = {key: matrices[f"{place}{name}.bias"] for key, name in _PARTS.items()}
        layer |= {f"{key}b": values[f"{place}{name}.bias"] for key, name in (_PARTS | _NORMS).items()}
        layer |= {key: values[f"{place}{name}.weight"] for key, name in _NORMS.items()}
        layers.append({key: jnp.asarray(each) for key, each in layer.items()})
    return layers


def _normalize(x: Any, scale: Any, shift: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-12) * scale + shift


def rate(model: Tree, states: Any, mask: Any, key: Any = None) -> Any:
    """Return the log-odds of pairs `(pairs, tokens, dimensions)`; with a key, values are dropped by chance."""
    keys = iter(jax.random.split(key, 2 * LAYERS + 1)) if key is not None else None

    def drop(x: Any) -> Any:
        return x if keys is None else x * jax.random.bernoulli(next(keys), 1 - DROPPED, x.shape) / (1 - DROPPED)

    x, (pairs, tokens, _) = states, states.shape
    hidden = (1 - mask)[:, None, None, :] * -1e9
    for layer in model["layers"]:
        q, k, v = (
            (x @ layer[name] + layer[f"{name}b"]).reshape(pairs, tokens, HEADS, -1).transpose(0, 2, 1, 3)
            for name in "qkv"
        )
        weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(DIMENSIONS / HEADS) + hidden, -1)
        seen = (weights @ v).transpose(0, 2, 1, 3).reshape(pairs, tokens, DIMENSIONS)
        x = _normalize(x + drop(seen @ layer["o"] + layer["ob"]), layer["n1"], layer["n1b"])
        inner = jax.nn.gelu(x @ layer["i"] + layer["ib"], approximate=False) @ layer["d"] + layer["db"]
        x = _normalize(x + drop(inner), layer["n2"], layer["n2b"])
    mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return drop(jnp.concatenate([x[:, 0], mean], -1)) @ model["w"] + model["b"]


def loss(model: Tree, states: Any, mask: Any, given: Any, labels: Any, likelihoods: Any, key: Any) -> Any:
    """Return the loss of choosing a statement or none, plus that of each statement by itself."""
    fits = rate(model, states, mask, key).reshape(given.shape)
    rated = jnp.where(given, model["share"] * likelihoods + model["shift"] + fits, -1e9)
    chosen = jax.nn.log_softmax(jnp.concatenate([jnp.zeros((len(given), 1)), rated], 1), -1)
    right = jax.scipy.special.logsumexp(jnp.where(labels, chosen[:, 1:], -1e9), axis=1)
    single = (optax.sigmoid_binary_cross_entropy(rated, labels.astype(jnp.float32)) * given).sum(1)
    each = -jnp.where(labels.any(1), right, chosen[:, 0]) + single / jnp.maximum(given.sum(1), 1)
    asked = given.any(1)
    return (each * asked).sum() / jnp.maximum(asked.sum(), 1)


def _batches(questions: Sequence[Asked], chance: random.Random) -> Iterator[list[Asked]]:
    """Yield questions of similar length, in an order by chance."""
    order = chance.sample(list(questions), len(questions))
    found = []
    for start in range(0, len(order), QUESTIONS * 16):
        part = sorted(order[start : start + QUESTIONS * 16], key=lambda each: max(map(len, each.states)))
        found += [part[at : at + QUESTIONS] for at in range(0, len(part), QUESTIONS)]
    chance.shuffle(found)
    yield from found


def _pack(questions: Sequence[Asked]) -> tuple[Any, ...]:
    longest = max(len(state) for asked in questions for state in asked.states)
    tokens = next(length for length in LENGTHS if length >= longest)
    states = np.zeros((QUESTIONS, CANDIDATES, tokens, DIMENSIONS), np.float32)
    mask = np.zeros((QUESTIONS, CANDIDATES, tokens), np.float32)
    given, labels = np.zeros((2, QUESTIONS, CANDIDATES), bool)
    likelihoods = np.zeros((QUESTIONS, CANDIDATES), np.float32)
    mask[..., 0] = 1
    for row, asked in enumerate(questions):
        for at, state in enumerate(asked.states):
            states[row, at, : len(state)], mask[row, at, : len(state)] = state, 1
        count = len(asked.states)
        given[row, :count], labels[row, :count], likelihoods[row, :count] = True, asked.labels, asked.likelihoods
    return states.reshape(-1, tokens, DIMENSIONS), mask.reshape(-1, tokens), given, labels, likelihoods


def learn(questions: Sequence[Asked], model: Tree) -> Tree:
    """Return the learned model."""
    steps = EPOCHS * math.ceil(len(questions) / QUESTIONS)
    schedule = optax.warmup_cosine_decay_schedule(0, RATE, steps // 12, steps, RATE / 50)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    state, key, chance, losses = optimizer.init(model), jax.random.PRNGKey(0), random.Random(0), []

    @jax.jit
    def step(model: Tree, state: Any, key: Any, *batch: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(model, *batch, key)
        change, state = optimizer.update(slope, state, model)
        return optax.apply_updates(model, change), state, value

    for _ in range(EPOCHS):
        for batch in _batches(questions, chance):
            key, now = jax.random.split(key)
            model, state, value = step(model, state, now, *_pack(batch))
            losses.append(float(value))
            if len(losses) % 100 == 0:
                print(f"step {len(losses)} of {steps}: loss {np.mean(losses[-100:]):.3f}", flush=True)
    return model


def export(model: Tree, packaged: onnx.ModelProto) -> bytes:
    """Return the whole as ONNX: from `ids`, `types` and `mask` of pairs, what the answer model's log-odds gain."""
    share, shift = float(model["share"]), float(model["shift"])
    embeddings = packaged_embeddings(packaged)
    graph = Graph()
    given = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    absent = graph.add("Sub", graph.value(np.float32(1)), given)
    wide = graph.add("Unsqueeze", absent, graph.value(np.array([1, 2])))
    hidden = graph.add("Mul", wide, graph.value(np.float32(-1e9)))
    words = graph.look_up(embeddings["word"], "ids")
    ones = graph.value(np.array([1]))
    size = graph.add("Gather", graph.add("Shape", "ids"), ones, axis=0)
    whole, scale = embeddings["position"]
    places = graph.add("Slice", graph.value(whole.astype(np.float32) * scale), graph.value(np.array([0])), size)
    parts = graph.add("Gather", graph.value(embeddings["types"]), "types", axis=0)
    x = graph.normalize(graph.add("Add", graph.add("Add", words, parts), places), embeddings["n"], embeddings["nb"])
    for layer in [*packaged_layers(packaged)[:LOWER_LAYERS], *model["layers"]]:
        x = graph.layer(x, layer, hidden)
    first = graph.add("Gather", x, graph.value(np.int64(0)), axis=1)
    masked = graph.add("Mul", x, graph.add("Unsqueeze", given, graph.value(np.array([2]))))
    total = graph.add("ReduceSum", masked, ones, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", given, ones, keepdims=1))
    both = graph.add("Concat", first, mean, axis=-1)
    weights = graph.value(np.asarray(model["w"], np.float32).reshape(-1, 1) / share)
    bias = graph.value((np.asarray(model["b"], np.float32) + shift) / share)
    rated = graph.add("Add", graph.add("MatMul", both, weights), bias)
    graph.nodes.append(helper.make_node("Squeeze", [rated, ones], ["gain"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["pairs", "tokens"]) for name in ("ids", "types", "mask")
    ]
    outputs = [helper.make_tensor_value_info("gain", TensorProto.FLOAT, ["pairs"])]
    made = helper.make_graph(graph.nodes, "cross_encoder", inputs, outputs, graph.values)
    made_model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(made_model)
    return bytes(made_model.SerializeToString())


def main() -> None:
    """Learn the layers and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.learn_cross_encoder", description=main.__doc__)
    parser.add_argument("--kept", type=Path, help="where the questions are kept: they are collected once")
    kept = parser.parse_args().kept
    if kept and kept.is_file():
        questions = pickle.loads(kept.read_bytes())
    else:
        xquad = (load_xquad(language, most) for language, most in XQUAD.items())
        questions = asyncio.run(collect([*load_sites(LEARNING, everywhere=EVERYWHERE), *xquad]))
        if kept:
            kept.write_bytes(pickle.dumps(questions))
    packaged = onnx.load(find_packaged()[1])
    read_states(questions, packaged)
    weights = jnp.asarray(np.random.default_rng(0).normal(0, 0.006, 2 * DIMENSIONS), jnp.float32)
    start = {"b": jnp.float32(0), "share": jnp.float32(0.7), "shift": jnp.float32(0)}
    model = learn(questions, {"layers": packaged_layers(packaged)[LOWER_LAYERS:], "w": weights, **start})
    FILE.write_bytes(export(model, packaged))
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
