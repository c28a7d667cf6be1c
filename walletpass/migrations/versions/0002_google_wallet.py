"""Classes and objects of Google Wallet."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "google_allowance",
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer_id", name=op.f("pk_google_allowance")),
    )
    op.create_table(
        "google_class",
        sa.Column("class_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("places_digest", sa.String(), nullable=True),
        sa.Column("places_refused", sa.String(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_google_class_program_id")),
        sa.PrimaryKeyConstraint("class_id", name=op.f("pk_google_class")),
    )
    op.create_index(op.f("ix_google_class_program_id"), "google_class", ["program_id"], unique=False)
    op.create_table(
        "google_object",
        sa.Column("destination_id", sa.String(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("balance", sa.String(), nullable=True),
        sa.Column("has_users", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_google_object_card_id")),
        sa.ForeignKeyConstraint(["destination_id"], ["destination.id"], name=op.f("fk_google_object_destination_id")),
        sa.PrimaryKeyConstraint("destination_id", name=op.f("pk_google_object")),
        sa.UniqueConstraint("card_id", name=op.f("uq_google_object_card_id")),
        sa.UniqueConstraint("object_id", name=op.f("uq_google_object_object_id")),
    )
    op.create_table(
        "google_notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("destination_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["google_object.destination_id"], name=op.f("fk_google_notice_destination_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_google_notice")),
    )
    op.create_index("ix_google_notice_destination_id_at", "google_notice", ["destination_id", "at"], unique=False)
