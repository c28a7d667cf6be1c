"""Alembic's entry: runs on the connection that `database.bring_up_to_date` hands over."""

from alembic import context

import walletpass.accounts.tables
import walletpass.apple.tables
import walletpass.google.nonces
import walletpass.google.tables
import walletpass.loyalty.tables  # noqa: F401
from walletpass.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
