"""Databases of tests do not wait for the disk: a commit that does takes milliseconds, and tests make tens of thousands.

What they hold is lost if the machine itself goes down, and of no use then. Tests of a database that is killed leave
theirs as the product has it.
"""

import psycopg

_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")


def stop_waiting_for_the_disk(database_url: str) -> None:
    """Let the server answer commits before they are on the disk, from now on."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in _SETTINGS:
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
