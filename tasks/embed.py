"""Embedding: from chunks to vectors, equal text once."""
