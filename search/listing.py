"""Hits as text: a list for people, lines for scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search import Hit, HitWord

COLUMNS = ("query", "rank", "path", "page", "score", "term", "text", "probability", "x0", "y0", "x1", "y1")


def as_list(hits: Iterable[Hit], bold: Callable[[str], str] = str, headed: bool = False) -> str:
    """Numbered, for people: the path and the chance, below it the readings that matched, in `bold`.

    When `headed`, the query stands above.
    """
    lines = []
    for hit in hits:
        if headed and hit.rank == 1:
            lines.append(bold(hit.query) + "\n")
        lines.append(f"{hit.rank:3}. {place(hit.path, hit.page)}  {hit.score:.0%}\n")
        if hit.words:
            lines.append("     " + ", ".join(_matched(word, bold) for word in hit.words) + "\n")
    return "".join(lines)


def _matched(word: HitWord, bold: Callable[[str], str]) -> str:
    read = f"{bold(word.text)} {word.probability:.0%}"
    return read if word.text.casefold() == word.term.casefold() else f"{word.term} as {read}"


def as_json(hits: Iterable[Hit]) -> str:
    """One object a line; `page` is there from the second page of a file on."""
    return "".join(json_line(_row(hit)) for hit in hits)


def _row(hit: Hit) -> dict[str, Any]:
    words = [
        {"term": word.term, "text": word.text, "probability": word.probability, "box": word.box}
        for word in hit.words
    ]
    page = {"page": hit.page} if hit.page > 1 else {}
    return {
        "query": hit.query,
        "rank": hit.rank,
        "path": hit.path,
        **page,
        "score": hit.score,
        "words": words,
    }


def as_csv(hits: Iterable[Hit]) -> str:
    """One line a matched word, under `COLUMNS`; a hit that no single word explains has one line too."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for hit in hits:
        start = (hit.query, hit.rank, hit.path, hit.page, hit.score)
        rows = [(*start, word.term, word.text, word.probability, *word.box) for word in hit.words]
        writer.writerows(rows or [(*start, *[""] * (len(COLUMNS) - len(start)))])
    return text.getvalue()


def as_paths0(hits: Iterable[Hit]) -> str:
    """Each path once, ended by a zero byte, which no path contains."""
    return "".join(f"{path}\0" for path in dict.fromkeys(hit.path for hit in hits))


def hint(closest: Mapping[str, Sequence[str]], elsewhere: int = 0) -> str:
    """What to say of words that are probably on no photo, and which are the closest ones that are.

    And of photos that were found, but lie `elsewhere` or were not taken on the days asked for.
    """
    lines = [
        f"; {word!r} is probably on no photo" + (f", the closest words are {', '.join(near)}" if near else "")
        for word, near in closest.items()
    ]
    if elsewhere:
        photos = "1 photo is" if elsewhere == 1 else f"{elsewhere} photos are"
        lines.append(f"; {photos} in other folders or of other days")
    return "".join(lines)


FORMS = {"json": as_json, "csv": as_csv, "paths0": as_paths0}
HEADS = {"csv": ",".join(COLUMNS) + "\n"}


def json_line(row: dict[str, Any]) -> str:
    """One JSON object and the end of the line, in ASCII: a file name that is no text comes back as it was."""
    return json.dumps(row) + "\n"


def place(path: str, page: int) -> str:
    """Path, and page where it is not the first, with nothing in it that a terminal would obey."""
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", path)
    return f"{shown} (page {page})" if page > 1 else shown
