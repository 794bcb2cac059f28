"""Runs migrations on the connection that hub.store.migrate hands over."""

from alembic import context

from hub.store import account_limits, account_mail, health, models  # noqa: F401 - all tables are to be known

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=models.Host.metadata, render_as_batch=connection.dialect.name == "sqlite"
)
with context.begin_transaction():
    context.run_migrations()
