"""Alembic's entry: runs the migrations over the connection that `tasks.records.schema` holds."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
