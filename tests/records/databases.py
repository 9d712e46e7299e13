"""Fresh databases on the test server."""

from uuid import uuid4

import psycopg


def new_database(postgres_url: str) -> str:
    """Create an empty database on the test server and return its URL."""
    name = f"fresh_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    before, _, query = postgres_url.partition("?")
    return before.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
