"""The graph that the cross-encoder is written as: ONNX nodes of a transformer, with quantized weights."""

import math
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

DIMENSIONS, HEADS = 384, 12
LEVELS = 63
"""Weights are whole numbers up to it: of seven bits, since processors without VNNI add two products in sixteen."""

Tree = dict[str, Any]


class Graph:
    """An ONNX graph in the making; weights are kept as whole numbers with a scale a column, and multiplied as such."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.values: list[Any] = []
        self._quantized: dict[str, tuple[str, str, str]] = {}
        self._count = 0

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        self._count += 1
        name = f"v{self._count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def value(self, array: Any) -> str:
        """Add a constant; return its name."""
        self._count += 1
        name = f"c{self._count}"
        self.values.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def look_up(self, table: tuple[Any, Any], rows: str) -> str:
        """Add the rows of a table of whole numbers, with a scale a row."""
        numbers, scales = (self.add("Gather", self.value(each), rows, axis=0) for each in table)
        return self.add("Mul", self.add("Cast", numbers, to=TensorProto.FLOAT), scales)

    def linear(self, x: str, weights: Any, bias: Any) -> str:
        """Add a product with quantized weights, and a bias; `x` is quantized when it is read."""
        matrix = np.asarray(weights, np.float32)
        scale = np.maximum(np.abs(matrix).max(0, keepdims=True), 1e-12) / LEVELS
        whole = self.value(np.round(matrix / scale).astype(np.int8))
        if x not in self._quantized:
            self._quantized[x] = (f"{x}q", f"{x}s", f"{x}z")
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], self._quantized[x]))
        numbers, step, zero = self._quantized[x]
        product = self.add("Cast", self.add("MatMulInteger", numbers, whole, zero), to=TensorProto.FLOAT)
        restored = self.add("Mul", product, self.add("Mul", step, self.value(scale)))
        return self.add("Add", restored, self.value(np.asarray(bias, np.float32)))

    def split_heads(self, x: str) -> str:
        """Add `(pairs, tokens, dimensions)` to `(pairs, heads, tokens, a head's dimensions)`."""
        shape = self.value(np.array([0, 0, HEADS, DIMENSIONS // HEADS]))
        return self.add("Transpose", self.add("Reshape", x, shape), perm=[0, 2, 1, 3])

    def normalize(self, x: str, scale: Any, shift: Any) -> str:
        """Add a layer normalization."""
        given = [self.value(np.asarray(each, np.float32)) for each in (scale, shift)]
        return self.add("LayerNormalization", x, *given, axis=-1, epsilon=1e-12)

    def layer(self, x: str, layer: Tree, hidden: str) -> str:
        """Add a layer of the transformer."""
        q, k, v = (self.split_heads(self.linear(x, layer[name], layer[f"{name}b"])) for name in "qkv")
        scores = self.add("MatMul", q, self.add("Transpose", k, perm=[0, 1, 3, 2]))
        scaled = self.add("Mul", scores, self.value(np.float32(1 / math.sqrt(DIMENSIONS / HEADS))))
        weights = self.add("Softmax", self.add("Add", scaled, hidden), axis=-1)
        seen = self.add("Transpose", self.add("MatMul", weights, v), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", seen, self.value(np.array([0, 0, DIMENSIONS])))
        x = self.normalize(self.add("Add", x, self.linear(joined, layer["o"], layer["ob"])), layer["n1"], layer["n1b"])
        inner = self.linear(x, layer["i"], layer["ib"])
        root = self.add("Erf", self.add("Mul", inner, self.value(np.float32(1 / math.sqrt(2)))))
        half = self.add("Mul", inner, self.value(np.float32(0.5)))
        gelu = self.add("Mul", half, self.add("Add", root, self.value(np.float32(1))))
        out = self.linear(gelu, layer["d"], layer["db"])
        return self.normalize(self.add("Add", x, out), layer["n2"], layer["n2b"])
