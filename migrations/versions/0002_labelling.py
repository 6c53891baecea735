"""Labelling: undo, words that labels overrule, suggestions of other engines, edited photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From `0001` to `0002`: new tables alone, so that no row that is there is touched."""
    op.create_table(
        "derived_labels",
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("origin_id", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.CheckConstraint("why IN ('undo', 'edit')", name="why"),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name="fk_derived_labels_label_id"),
        sa.ForeignKeyConstraint(["origin_id"], ["labels.id"], name="fk_derived_labels_origin_id"),
        sa.PrimaryKeyConstraint("label_id", name="pk_derived_labels"),
    )
    op.create_index("ix_derived_labels_origin_id", "derived_labels", ["origin_id"])
    op.create_table(
        "overruled",
        sa.Column("word_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["word_id"], ["words.id"], name="fk_overruled_word_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word_id", name="pk_overruled"),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("x0", sa.Integer, nullable=False),
        sa.Column("y0", sa.Integer, nullable=False),
        sa.Column("x1", sa.Integer, nullable=False),
        sa.Column("y1", sa.Integer, nullable=False),
        sa.Column("angle", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("added", sa.Float, nullable=False),
        sa.Column("word_id", sa.Integer),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name="fk_suggestions_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["word_id"], ["words.id"], name="fk_suggestions_word_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_photo_id", "suggestions", ["photo_id"])
    op.create_index("ix_suggestions_word_id", "suggestions", ["word_id"])
    op.create_table(
        "edits",
        sa.Column("content_id", sa.Integer, nullable=False),
        sa.Column("former_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["contents.id"], name="fk_edits_content_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["former_id"], ["contents.id"], name="fk_edits_former_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_id", name="pk_edits"),
    )
    op.create_index("ix_edits_former_id", "edits", ["former_id"])
