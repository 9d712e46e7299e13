"""Preload module of the processes that read pages: importing it loads their modules, tokenizer and models."""

import tasks.reading  # noqa: F401
from tasks.knowledge.embedding.local_model import load_weighted_tokens
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer

load_tokenizer(LOCAL_MODEL)
load_weighted_tokens()
