"""Hypotheses remember what the picture alone says, beside what is likely to be written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From `0004` to `0005`: a column that is empty for what was read without a language."""
    op.add_column("hypotheses", sa.Column("seen", sa.Integer))
