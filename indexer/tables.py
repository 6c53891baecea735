"""The tables of the archive, nothing else.

Identity is the content: a `contents` row is one file's bytes, a `photos` row one page of it, and a `files`
row only says where such bytes lie. Copies share a reading, and a moved file keeps it.
"""

from __future__ import annotations

import math
import os

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class PathBytes(TypeDecorator[str]):
    """A path as the file system's bytes: names in any encoding survive, and folders compare as prefixes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """Text to bytes; undecodable bytes come back from their surrogates."""
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """Bytes to text; undecodable bytes become surrogates."""
        return None if value is None else os.fsdecode(value)


class Digest(TypeDecorator[str]):
    """A sha256 in hexadecimal, kept as its 32 bytes."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """Hexadecimal to bytes."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """Bytes to hexadecimal."""
        return None if value is None else value.hex()


class Logarithm(TypeDecorator[float]):
    """A machine's probability in a byte or two: steps of 3 %, never quite 1, nor below 1e-9."""

    impl = Integer
    cache_ok = True

    STEPS, LEAST = 32, 1e-9

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> int | None:
        """Probability to whole number."""
        return None if value is None else max(1, round(-self.STEPS * math.log(max(self.LEAST, value))))

    def process_result_value(self, value: int | None, _dialect: Dialect) -> float | None:
        """Whole number to probability."""
        return None if value is None else math.exp(-value / self.STEPS)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", Digest, nullable=False, unique=True),
    Column("pages", Integer, comment="how many; NULL until every page is read"),
    Column("reason", Text, comment="why these bytes cannot be read (to the end)"),
)

files = Table(
    "files",
    metadata,
    Column("path", PathBytes, primary_key=True),
    Column("content_id", ForeignKey("contents.id"), index=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("inode", Integer, nullable=False),
    Column("reason", Text, comment="why the bytes could not be got at; damage stands in contents"),
)

models = Table(
    "models",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("alphabet", Text, nullable=False, comment="what the columns of its lattices mean"),
    Column("card", JSON, nullable=False),
    Column("added", Float, nullable=False),
    Column("active", Boolean, nullable=False),
    CheckConstraint("kind IN ('detector', 'recognizer')", name="kind"),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("page", Integer, nullable=False),
    Column("taken", Float, nullable=False, comment="unix seconds"),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("detector", ForeignKey("models.id")),
    Column("recognizer", ForeignKey("models.id")),
    Column("read_at", Float, comment="unix seconds; NULL when the reading was forgotten"),
    Column("revision", Integer, nullable=False, comment="grows with every change that search must hear of"),
    Column("indexed", Integer, nullable=False, comment="the revision that the search index holds"),
    UniqueConstraint("content_id", "page"),
    # The index knows photos by id, so the id of a forgotten photo must never come back as another's.
    sqlite_autoincrement=True,
)
Index("ix_photos_unindexed", photos.c.id, sqlite_where=photos.c.revision != photos.c.indexed)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id"), nullable=False, index=True),
    Column("x0", Integer, nullable=False),
    Column("y0", Integer, nullable=False),
    Column("x1", Integer, nullable=False),
    Column("y1", Integer, nullable=False),
    Column("angle", Float, nullable=False, comment="degrees, clockwise"),
    Column("text", Text, comment="'' says that nothing is written here; NULL takes the label back"),
    Column("set_by", Text, nullable=False),
    Column("set_at", Float, nullable=False, comment="unix seconds"),
    Column("replaces", ForeignKey("labels.id"), unique=True, comment="never overwritten, only followed"),
    sqlite_autoincrement=True,
)

words = Table(
    "words",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("x0", Integer, nullable=False),
    Column("y0", Integer, nullable=False),
    Column("x1", Integer, nullable=False),
    Column("y1", Integer, nullable=False),
    Column("angle", Float, nullable=False, comment="degrees, clockwise"),
    Column("line", Integer, nullable=False),
    Column("chance", Float, nullable=False),
    Column("label_id", ForeignKey("labels.id"), index=True, comment="the label that holds for this word"),
    # Somebody may hold a word's id while the photo is read again; it must not name another word then.
    sqlite_autoincrement=True,
)

hypotheses = Table(
    "hypotheses",
    metadata,
    Column("word_id", ForeignKey("words.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("probability", Float, nullable=False),
    Column("seen", Logarithm, comment="probability by the picture alone; null: the same"),
    sqlite_with_rowid=False,
)

lattices = Table(
    "lattices",
    metadata,
    Column("word_id", ForeignKey("words.id", ondelete="CASCADE"), primary_key=True),
    Column("packed", LargeBinary, nullable=False),
)

alternatives = Table(
    "alternatives",
    metadata,
    # Other ways to cut the words, read as well: search asks these too, nobody else.
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("x0", Integer, nullable=False),
    Column("y0", Integer, nullable=False),
    Column("x1", Integer, nullable=False),
    Column("y1", Integer, nullable=False),
    Column("angle", Float, nullable=False, comment="degrees, clockwise"),
    Column("line", Integer, nullable=False),
    Column("chance", Float, nullable=False),
    Column("text", Text, nullable=False, comment="the best reading"),
    Column("probability", Float, nullable=False, comment="by the picture alone"),
    Column("packed", LargeBinary, nullable=False),
)

derived_labels = Table(
    "derived_labels",
    metadata,
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
    Column("origin_id", ForeignKey("labels.id"), nullable=False, index=True),
    Column("why", Text, nullable=False, comment="it takes `origin` back, or holds it on an edited photo"),
    CheckConstraint("why IN ('undo', 'edit')", name="why"),
)

overruled = Table(
    "overruled",
    metadata,
    # Words that labels beside them say already: shown nowhere, but there when a label is taken back.
    Column("word_id", ForeignKey("words.id", ondelete="CASCADE"), primary_key=True),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("x0", Integer, nullable=False),
    Column("y0", Integer, nullable=False),
    Column("x1", Integer, nullable=False),
    Column("y1", Integer, nullable=False),
    Column("angle", Float, nullable=False, comment="degrees, clockwise"),
    Column("text", Text, nullable=False),
    Column("probability", Float, nullable=False, comment="as its source says; always below 1"),
    Column("source", Text, nullable=False, comment="which engine or file"),
    Column("added", Float, nullable=False, comment="unix seconds"),
    Column(
        "word_id", ForeignKey("words.id", ondelete="SET NULL"), index=True, comment="the word at its place"
    ),
)

edits = Table(
    "edits",
    metadata,
    Column("content_id", ForeignKey("contents.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "former_id",
        ForeignKey("contents.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="what lay at the same path before",
    ),
)
