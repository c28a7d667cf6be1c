"""Callbacks that have come from Google."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "google_callback",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("forget_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_google_callback")),
    )
    op.create_index(op.f("ix_google_callback_forget_at"), "google_callback", ["forget_at"], unique=False)
