"""Folders -> paths that have stopped changing."""

from __future__ import annotations

from indexer.walk import Selection, walk

__all__ = ["Selection", "walk"]
