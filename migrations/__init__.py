"""The history of the archive's tables; runs from the installed package, without an ini file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


@cache
def revisions() -> tuple[str, ...]:
    """The revisions this program knows, oldest first: the names of the files in `versions/` begin with them.

    Read from the folder, because importing Alembic would cost every command some tenths of a second.
    """
    names = (entry.name for entry in files("migrations.versions").iterdir())
    return tuple(
        sorted(name.partition("_")[0] for name in names if name[:1].isdigit() and name.endswith(".py"))
    )


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision, inside the transaction that `connection` is in."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "migrations:")
    command.upgrade(config, "head")
