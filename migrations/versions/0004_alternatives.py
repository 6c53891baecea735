"""Wholes become alternatives: not only neighbours read as one, but other ways to cut words of any kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From `0003` to `0004`: the table `wholes` with another name; it holds more as photos are read again."""
    op.create_table(
        "alternatives",
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
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name="fk_alternatives_photo_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alternatives"),
    )
    op.create_index("ix_alternatives_photo_id", "alternatives", ["photo_id"])
    op.execute("INSERT INTO alternatives SELECT * FROM wholes")
    op.drop_table("wholes")
