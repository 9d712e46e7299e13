"""`python -m tests.benchmarks.learn_cross_encoder`: learn `embedding/cross_encoder.onnx` with PyTorch.

Needs `pip install torch onnx` beside what tests need. Learned from the sites of `small_sites/learning`, written for it,
in English and by the glosses of five other languages, and from XQuAD's even articles in English and Spanish: each
question with statements that the answer model ranks first, those that answer always among them, or with none that
answers. The same sites' questions are asked of own answers made of their other questions (`learning_owners`). The four
upper layers of all-MiniLM-L6-v2 are learned on; the two below stay as they are packaged. The loss is that of choosing
one of the texts or none, and of each by itself, where the answer model's log-odds count beside the rating: what is
learned is what they do not tell. An hour for an epoch on two cores.
"""

import argparse
import asyncio
import math
import pickle
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from tasks.knowledge.answering.evidence.answer_model import Part, load_answer_model
from tasks.knowledge.answering.evidence.evidence_score import ReadPassages
from tasks.knowledge.answering.evidence.statement_features import Features
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.cross_encoder import FILE, Pair, encode_pair
from tasks.knowledge.embedding.sentence_model import find_packaged
from tasks.knowledge.language.glossary import gloss
from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite, load_xquad
from tests.benchmarks.knowledge import embed_pages, open_database, store_widget
from tests.benchmarks.learn_answers import label_candidates, search
from tests.benchmarks.learning_owners import ask_owners
from tests.benchmarks.trade_sites import LEARNING, load_sites
from tests.benchmarks.transformer import DROPPED, Transformer, computed_in_sixteen_bits, mean_of, pad
from tests.benchmarks.transformer_graph import DIMENSIONS, Graph, read_weights

LOWER_LAYERS = 2
"""Layers that stay as they are packaged."""
CANDIDATES, MAX_RIGHT, MAX_WRONG = 7, 3, 4
"""Statements that are collected, and those of them that are learned from."""
QUESTIONS = 8
"""Questions of one step."""
XQUAD = {"en": 600, "es": 400}
"""Questions of XQuAD's even articles by language; every other is asked a second time without its page."""
EVERYWHERE = 8
"""Questions for contact data asked of each site."""
RATE = 1.5e-4


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: their pairs, their log-odds without it, and whether each answers."""

    pairs: list[Pair]
    likelihoods: NDArray[np.float32]
    labels: NDArray[np.bool_]
    is_owners: bool = False
    """Whether the candidates are own answers."""


async def collect(sites: Iterable[EverydaySite]) -> list[Asked]:
    """Build the sites, and return the questions with their likeliest statements."""
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=600)
    await reader.load()
    tokenizer = open_tokenizer()
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
                        found.append(Asked(pairs, likelihoods[kept], labels[kept]))
            print(site.name, len(found), flush=True)
    reader.close()
    return found


def collect_owners() -> list[Asked]:
    """Return the questions asked of own answers."""
    tokenizer = open_tokenizer()
    return [
        Asked(
            [encode_pair(tokenizer, asked.text, text) for text in asked.answers],
            np.zeros(len(asked.answers), np.float32),
            np.array([at == asked.right for at in range(len(asked.answers))]),
            is_owners=True,
        )
        for asked in ask_owners()
    ]


def open_tokenizer() -> Tokenizer:
    """Return the packaged tokenizer; it neither truncates nor pads."""
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


def _shorten(asked: Asked) -> Asked:
    """Return the question with two texts that answer, the likeliest others and the last: the rest teaches little."""
    right, wrong = ([at for at, each in enumerate(asked.labels) if each == holds] for holds in (True, False))
    kept = right[:2] + (wrong if len(wrong) < MAX_WRONG else [*wrong[: MAX_WRONG - 1], wrong[-1]])
    pairs = [asked.pairs[at] for at in kept]
    return replace(asked, pairs=pairs, likelihoods=asked.likelihoods[kept], labels=asked.labels[kept])


class Rater(nn.Module):
    """The transformer, a rating of its states, and the parts of both kinds of candidates in it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Transformer(LOWER_LAYERS)
        self.w = nn.Parameter(torch.randn(2 * DIMENSIONS) * 0.006)
        self.b = nn.Parameter(torch.zeros(()))
        self.share = nn.Parameter(torch.tensor(0.7))
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, ids: Tensor, types: Tensor, given: Tensor) -> Tensor:
        """Return the log-odds of pairs `(pairs, tokens)`."""
        states = self.body(ids, types, given).float()
        both = torch.cat([states[:, 0], mean_of(states, given)], -1)
        return functional.dropout(both, DROPPED, self.training) @ self.w + self.b

    def load(self, file: Path) -> None:
        """Continue from the weights of a file that `export` wrote."""
        layers, weights, bias = read_weights(file)
        with torch.no_grad():
            for layer, arrays in zip(self.body.layers, layers, strict=True):
                for name, array in arrays.items():
                    layer.get_parameter(name).copy_(torch.tensor(array))
            self.w.copy_(self.share * torch.tensor(weights))
            self.b.copy_(self.share * bias)


def loss_of(model: Rater, asked: Sequence[Asked]) -> Tensor:
    """Return the loss of choosing a text or none, plus that of each text by itself."""
    fits = iter(
        _rate(model, [pair for each in asked for pair in each.pairs]).split([len(each.pairs) for each in asked])
    )
    total = torch.zeros(())
    for each in asked:
        labels = torch.from_numpy(each.labels)
        rated = model.share * torch.from_numpy(each.likelihoods) + model.shift[int(each.is_owners)] + next(fits)
        chosen = functional.log_softmax(torch.cat([torch.zeros(1), rated]), 0)
        choice = torch.logsumexp(chosen[1:][labels], 0) if labels.any() else chosen[0]
        total = total - choice + functional.binary_cross_entropy_with_logits(rated, labels.float())
    return total / len(asked)


def _rate(model: Rater, pairs: Sequence[Pair]) -> Tensor:
    """Return the ratings, read in two batches: the shorter pairs are not padded to the longest."""
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    rated = []
    for part in (order[: len(order) // 2], order[len(order) // 2 :]):
        ids, given = pad([pairs[at].ids for at in part])
        types, _ = pad([pairs[at].types for at in part])
        with computed_in_sixteen_bits():
            rated.append(model(ids, types, given))
    return torch.cat(rated).float()[torch.argsort(torch.tensor(order))]


def _batches(questions: Sequence[Asked], chance: random.Random) -> Iterator[list[Asked]]:
    """Yield questions of similar length, in an order by chance."""
    order = chance.sample(list(questions), len(questions))
    found = []
    for start in range(0, len(order), QUESTIONS * 16):
        part = sorted(order[start : start + QUESTIONS * 16], key=lambda each: max(len(pair.ids) for pair in each.pairs))
        found += [part[at : at + QUESTIONS] for at in range(0, len(part), QUESTIONS)]
    chance.shuffle(found)
    yield from found


def learn(model: Rater, questions: Sequence[Asked], epochs: int) -> None:
    """Learn on the questions."""
    learned = [each for each in model.parameters() if each.requires_grad]
    steps = epochs * math.ceil(len(questions) / QUESTIONS)
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, steps))
    chance, losses = random.Random(0), []
    model.train()
    for _ in range(epochs):
        for batch in _batches(questions, chance):
            loss = loss_of(model, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if len(losses) % 100 == 0:
                print(f"step {len(losses)} of {steps}: loss {np.mean(losses[-100:]):.3f}", flush=True)
    model.eval()


def _pace(step: int, steps: int) -> float:
    """Return the share of the rate: rising for a twelfth of the steps, then falling like a cosine."""
    warm = steps // 12
    return (step + 1) / warm if step < warm else 0.51 + 0.49 * math.cos(math.pi * (step - warm) / (steps - warm))


def export(model: Rater) -> bytes:
    """Return the whole as ONNX: from `ids`, `types` and `mask` of pairs, what the answer model's log-odds gain."""
    graph = Graph()
    states, mask = model.body.add_to(graph)
    first = graph.add("Gather", states, graph.value(np.int64(0)), axis=1)
    both = graph.add("Concat", first, graph.mean(states, mask), axis=-1)
    share, shift = model.share.item(), model.shift[0].item()
    weights = graph.value(model.w.detach().numpy().reshape(-1, 1) / share)
    rated = graph.add("MatMul", both, weights)
    shifted = graph.add("Add", rated, graph.value(np.array([(model.b.item() + shift) / share], np.float32)))
    graph.name("Squeeze", [shifted, graph.value(np.array([1]))], "gain")
    return graph.write("cross_encoder", "gain", ["texts"])


def main() -> None:
    """Learn the layers and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.learn_cross_encoder", description=main.__doc__)
    parser.add_argument("--kept", type=Path, help="where the questions are kept: they are collected once")
    parser.add_argument("--on", type=Path, help="a file written by this command, to learn on from its weights")
    parser.add_argument("--share", type=float, default=1, help="share of the questions, by chance (default: all)")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    if options.kept and options.kept.is_file():
        questions = pickle.loads(options.kept.read_bytes())
    else:
        xquad = (load_xquad(language, most) for language, most in XQUAD.items())
        questions = asyncio.run(collect([*load_sites(LEARNING, everywhere=EVERYWHERE), *xquad])) + collect_owners()
        if options.kept:
            options.kept.write_bytes(pickle.dumps(questions))
    torch.manual_seed(0)
    chance, model = random.Random(5), Rater()
    if options.on:
        model.load(options.on)
    learn(model, [_shorten(each) for each in questions if chance.random() < options.share], options.epochs)
    FILE.write_bytes(export(model))
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
