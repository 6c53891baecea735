"""The first tables: contents, files, photos, words, hypotheses, lattices, labels, models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing to `0001`."""
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("pages", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_contents"),
        sa.UniqueConstraint("sha256", name="uq_contents_sha256"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("alphabet", sa.Text, nullable=False),
        sa.Column("card", sa.JSON, nullable=False),
        sa.Column("added", sa.Float, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.CheckConstraint("kind IN ('detector', 'recognizer')", name="kind"),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
    )
    op.create_table(
        "files",
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("content_id", sa.Integer),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("mtime_ns", sa.Integer, nullable=False),
        sa.Column("inode", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name="fk_files_content_id"),
        sa.PrimaryKeyConstraint("path", name="pk_files"),
    )
    op.create_index("ix_files_content_id", "files", ["content_id"])
    op.create_table(
        "photos",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("content_id", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("taken", sa.Float, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("detector", sa.Text),
        sa.Column("recognizer", sa.Text),
        sa.Column("read_at", sa.Float),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("indexed", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name="fk_photos_content_id"),
        sa.ForeignKeyConstraint(["detector"], ["models.id"], name="fk_photos_detector"),
        sa.ForeignKeyConstraint(["recognizer"], ["models.id"], name="fk_photos_recognizer"),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
        sa.UniqueConstraint("content_id", "page", name="uq_photos_content_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_photos_unindexed", "photos", ["id"], sqlite_where=sa.text("revision != indexed"))
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("x0", sa.Integer, nullable=False),
        sa.Column("y0", sa.Integer, nullable=False),
        sa.Column("x1", sa.Integer, nullable=False),
        sa.Column("y1", sa.Integer, nullable=False),
        sa.Column("angle", sa.Float, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", sa.Float, nullable=False),
        sa.Column("replaces", sa.Integer),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_labels_photo_id"),
        sa.ForeignKeyConstraint(["replaces"], ["labels.id"], name="fk_labels_replaces"),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
        sa.UniqueConstraint("replaces", name="uq_labels_replaces"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_labels_photo_id", "labels", ["photo_id"])
    op.create_table(
        "words",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("x0", sa.Integer, nullable=False),
        sa.Column("y0", sa.Integer, nullable=False),
        sa.Column("x1", sa.Integer, nullable=False),
        sa.Column("y1", sa.Integer, nullable=False),
        sa.Column("angle", sa.Float, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("chance", sa.Float, nullable=False),
        sa.Column("label_id", sa.Integer),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name="fk_words_label_id"),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_words_photo_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_words"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_words_label_id", "words", ["label_id"])
    op.create_index("ix_words_photo_id", "words", ["photo_id"])
    op.create_table(
        "hypotheses",
        sa.Column("word_id", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["word_id"], ["words.id"], name="fk_hypotheses_word_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word_id", "rank", name="pk_hypotheses"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lattices",
        sa.Column("word_id", sa.Integer, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["word_id"], ["words.id"], name="fk_lattices_word_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word_id", name="pk_lattices"),
    )
