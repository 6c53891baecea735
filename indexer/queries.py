"""What was searched for, if the owner of the archive wants that to be remembered (`query_log = true`).

Only how often which term was typed matters, to know which words to ask for first. It never leaves the
archive's folder.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from search.words import terms

NAME = "queries.txt"
"""In the archive's folder: one query a line."""

MOST = 1 << 20
"""Bytes after which the older half goes."""


def note(home: Path, query: str) -> None:
    """Remember a query, if the settings say so. Raises `SettingsError`; what cannot be written is let be."""
    try:
        # Most archives have no such line, and searching has to feel instant.
        if b"query_log" not in (home / "settings.toml").read_bytes():
            return
    except OSError:
        return
    from indexer.settings import Settings

    if Settings.load(home).query_log:
        _append(home / NAME, re.sub(r"\s+", " ", query).strip())


def _append(path: Path, line: str) -> None:
    try:
        if path.exists() and path.stat().st_size > MOST:
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[len(lines) // 2 :]))
        with path.open("ab") as file:
            file.write(line.encode("utf-8", "replace") + b"\n")
    except OSError:
        return


def frequencies(home: Path) -> Mapping[str, float]:
    """Term -> how often it was asked for; empty where nothing is remembered."""
    try:
        lines = (home / NAME).read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    return Counter(term for line in lines for term in set(terms(line)))
