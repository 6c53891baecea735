"""Neighbouring words that may be one, read as one as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From `0002` to `0003`: a new table alone; it fills as photos are read."""
    op.create_table(
        "wholes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("x0", sa.Integer, nullable=False),
        sa.Column("y0", sa.Integer, nullable=False),
        sa.Column("x1", sa.Integer, nullable=False),
        sa.Column("y1", sa.Integer, nullable=False),
        sa.Column("angle", sa.Float, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("chance", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_wholes_photo_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_wholes"),
    )
    op.create_index("ix_wholes_photo_id", "wholes", ["photo_id"])
