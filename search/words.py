"""Text -> the terms it is found by: case and accents folded, letters and digits of any script."""

from __future__ import annotations

import re
import unicodedata

CLASSES = "abcdefghijklmnopqrstuvwxyz0123456789"
"""Characters that most terms are made of."""

ROWS = {character: row for row, character in enumerate(CLASSES)}
"""Where each stands in them."""

_TERM = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """`text` in lower case and without accents (Unicode NFKD, combining marks dropped)."""
    if text.isascii():  # most is, and then there is nothing to take apart
        return text.lower()
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)).casefold()


def terms(text: str) -> list[str]:
    """The runs of letters and digits in `text`, folded."""
    return _TERM.findall(folded(text))


def spellings(text: str) -> set[str]:
    """All terms under which a reading is found: its runs of letters and digits, and all of them as one.

    So "road-map" is found by "road", "map" and "roadmap".
    """
    runs = terms(text)
    return {*runs, "".join(runs)} - {""}
