"""The graph that a learned transformer is written as, and read from: ONNX nodes with quantized weights.

A graph has three inputs for texts, their tokens, types and mask, and one output. States are quantized as they are
multiplied, each token by itself, so that the output for a text does not depend on the texts beside it.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIMENSIONS, HEADS = 384, 12
LEVELS = 63
"""Weights are whole numbers up to it: of seven bits, since processors without VNNI add two products in sixteen."""

Tree = dict[str, Any]


class Graph:
    """An ONNX graph in the making; weights are kept as whole numbers with a scale a column, and multiplied as such."""

    def __init__(self, inputs: tuple[str, str, str] = ("ids", "types", "mask")) -> None:
        self.inputs = inputs
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

    def name(self, kind: str, inputs: Sequence[str], output: str) -> None:
        """Add a node whose output has a name of its own."""
        self.nodes.append(helper.make_node(kind, inputs, [output]))

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
        whole = np.round(matrix / scale).astype(np.int8)
        if x not in self._quantized:
            self._quantized[x] = self._quantize(x)
        numbers, step, least = self._quantized[x]
        product = self.add("Cast", self.add("MatMulInteger", numbers, self.value(whole)), to=TensorProto.FLOAT)
        restored = self.add("Mul", product, self.add("Mul", step, self.value(scale)))
        # The least value was taken from the whole row: it is multiplied here.
        moved = self.add("Mul", least, self.value((whole * scale).sum(0, keepdims=True, dtype=np.float32)))
        return self.add("Add", restored, self.add("Add", moved, self.value(np.asarray(bias, np.float32))))

    def _quantize(self, x: str) -> tuple[str, str, str]:
        """Add each row as whole numbers from 0 to 255; return them, their step and the row's least value."""
        least, most = (self.add(f"Reduce{which}", x, axes=[-1], keepdims=1) for which in ("Min", "Max"))
        width = self.add("Max", self.add("Sub", most, least), self.value(np.float32(1e-9)))
        step = self.add("Mul", width, self.value(np.float32(1 / 255)))
        scaled = self.add("Div", self.add("Sub", x, least), step)
        return self.add("QuantizeLinear", scaled, self.value(np.float32(1)), self.value(np.uint8(0))), step, least

    def split_heads(self, x: str) -> str:
        """Add `(pairs, tokens, dimensions)` to `(pairs, heads, tokens, a head's dimensions)`."""
        shape = self.value(np.array([0, 0, HEADS, DIMENSIONS // HEADS]))
        return self.add("Transpose", self.add("Reshape", x, shape), perm=[0, 2, 1, 3])

    def normalize(self, x: str, scale: Any, shift: Any) -> str:
        """Add a layer normalization."""
        given = [self.value(np.asarray(each, np.float32)) for each in (scale, shift)]
        return self.add("LayerNormalization", x, *given, axis=-1, epsilon=1e-12)

    def mean(self, x: str, mask: str) -> str:
        """Add the mean of the tokens that are there: `(texts, dimensions)`."""
        ones = self.value(np.array([1]))
        masked = self.add("Mul", x, self.add("Unsqueeze", mask, self.value(np.array([2]))))
        total = self.add("ReduceSum", masked, ones, keepdims=0)
        return self.add("Div", total, self.add("ReduceSum", mask, ones, keepdims=1))

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

    def write(self, name: str, output: str, shape: Sequence[str | int]) -> bytes:
        """Return the whole as ONNX; `shape` is the output's."""
        inputs = [helper.make_tensor_value_info(each, TensorProto.INT64, ["texts", "tokens"]) for each in self.inputs]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        made = helper.make_graph(self.nodes, name, inputs, outputs, self.values)
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def read_weights(file: Path) -> tuple[list[Tree], Any, float]:
    """Return the layers, the weights of the rating and its bias of a file that a graph was written to."""
    graph = onnx.load(os.fspath(file)).graph
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    users = {name: node for node in reversed(graph.node) for name in node.input}
    makers = {node.output[0]: node for node in graph.node}

    def constant(node: Any) -> Any:
        """The node's constant input, or that of the sum that is its input."""
        given = [values[name] for name in node.input if name in values]
        sums = [makers[name] for name in node.input if name in makers and makers[name].op_type == "Add"]
        return given[0] if given else constant(sums[0])

    linear, norms, rating = [], [], []
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            product = users[users[node.output[0]].output[0]]
            scale = next(constant(makers[name]) for name in product.input if makers[name].op_type == "Mul")
            linear.append((values[node.input[1]].astype(np.float32) * scale, constant(users[product.output[0]])))
        elif node.op_type == "LayerNormalization":
            norms.append((values[node.input[1]], values[node.input[2]]))
        elif node.op_type == "MatMul" and node.input[1] in values:
            rating = [values[node.input[1]].reshape(-1), constant(users[node.output[0]])]
    layers = []
    for number in range(len(linear) // 6):
        named = zip("qkvoid", linear[6 * number :], strict=False)
        layer = {key: each for name, (matrix, bias) in named for key, each in ((name, matrix), (f"{name}b", bias))}
        for name, (scale, shift) in zip(("n1", "n2"), norms[2 * number + 1 :], strict=False):
            layer |= {name: scale, f"{name}b": shift}
        layers.append(layer)
    return layers, rating[0], float(np.asarray(rating[1]).reshape(-1)[0])
