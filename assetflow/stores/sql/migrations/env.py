"""Where Alembic finds the connection it is to work on: it is handed over by `assetflow.stores.sql.schema`."""

from alembic import context

from assetflow.stores.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
