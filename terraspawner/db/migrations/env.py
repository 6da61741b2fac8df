"""Alembic's entry: runs on the engine that `Database.migrate` hands over."""

from alembic import context

from terraspawner.db.schema import metadata

engine = context.config.attributes["engine"]
with engine.connect().execution_options(writes=True) as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
