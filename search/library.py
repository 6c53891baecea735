"""All that is used of Whoosh, imported in one place: it uses idioms that newer Pythons warn of."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from whoosh import fields, formats
    from whoosh.analysis import IDAnalyzer
    from whoosh.filedb.filestore import FileStorage
    from whoosh.filedb.structfile import StructFile
    from whoosh.index import EmptyIndexError, FileIndex, LockError
    from whoosh.reading import TermNotFound
    from whoosh.writing import SegmentWriter

__all__ = [
    "EmptyIndexError",
    "FileIndex",
    "FileStorage",
    "IDAnalyzer",
    "LockError",
    "SegmentWriter",
    "StructFile",
    "TermNotFound",
    "fields",
    "formats",
]
