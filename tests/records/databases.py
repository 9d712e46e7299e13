"""Fresh databases on the test server, and older schemas."""

from uuid import uuid4

import psycopg

from tasks.records.schema import open_schema


def new_database(postgres_url: str) -> str:
    """Create an empty database on the test server and return its URL."""
    name = f"fresh_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    before, _, query = postgres_url.partition("?")
    return before.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


def migrate_to(url: str, version: str) -> None:
    """Migrate a database to a version of the schema."""
    with open_schema(url) as schema:
        schema.upgrade(version)
        schema.commit()
