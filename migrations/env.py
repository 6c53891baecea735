"""Alembic's entry: run the migrations on the connection that `migrations.upgrade` hands in."""

from __future__ import annotations

from alembic import context

from indexer.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can do it, and the connection begins its transactions itself: a migration and the record of it
    # commit together or not at all.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
