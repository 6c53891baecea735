"""Texts and their places on photos, in lists of our own making and of others: CSV, JSON Lines, hOCR, ALTO.

A table needs columns for the photo (path or sha256), the box (x0 y0 x1 y1, or x y width height, or one column
"box") and the text; page, angle, confidence and by may be there. A folder that `relabel export` has made is
read with the texts that its list has now, so that they may have been corrected there.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detector import Box

PLACES = "places.csv"
"""Where crops of an export come from, for forms whose own list has no room for it."""

PHOTO = ("path", "photo", "source", "file", "filename", "file_name", "image")
TEXT = ("text", "label", "transcription", "ground_truth", "word", "content")
CONFIDENCE = ("confidence", "probability", "conf", "score", "wc")
CORNERS = (("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"))
SIDES = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))
"""What columns are called, in order of preference."""

PAGES = {".hocr", ".html", ".htm", ".xhtml", ".xml", ".alto"}
"""Endings of files that describe whole pages, see `indexer.scans`."""


class ListError(Exception):
    """A list of texts is not what it should be; the message names the file and the line."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class PlacedText:
    """What is written in a box of a page, and who says so."""

    where: str
    """The list and the line, for messages."""
    paths: tuple[str, ...]
    """Absolute paths that may be the photo's."""
    box: Box
    text: str
    page: int = 1
    sha256: str | None = None
    """Of the photo's bytes; counts more than paths."""
    confidence: float | None = None
    """0 to 1; None if the list has none."""
    by: str | None = None
    size: tuple[int, int] | None = None
    """Width and height of the page in the unit of the box; None for pixels of the whole photo."""


def read_places(path: Path) -> Iterator[PlacedText]:
    """The texts in the file or folder `path`. Raises `ListError`, `recognizer.datasets.DatasetError`."""
    if path.is_dir():
        return _read_export(path)
    ending = path.suffix.lower()
    if ending in PAGES:
        from indexer.scans import read_page_file

        return read_page_file(path)
    if ending in (".jsonl", ".ndjson", ".json"):
        return _placed(path, _json_rows(path))
    return _placed(path, _csv_rows(path))


def _read_export(folder: Path) -> Iterator[PlacedText]:
    """An export: its list says the texts, and itself or `PLACES` where they stand."""
    for name in ("labels.csv", "labels.jsonl"):
        if (folder / name).is_file():
            yield from read_places(folder / name)
            return
    if not (folder / PLACES).is_file():
        raise ListError(f"{folder} is no export of labels: it has neither labels.csv nor {PLACES}")
    from recognizer.datasets import open_dataset

    corrected = {os.path.abspath(sample.image): sample.text for sample in open_dataset(folder)}
    for row, (number, values) in zip(
        _placed(folder / PLACES, _csv_rows(folder / PLACES)), _csv_rows(folder / PLACES), strict=True
    ):
        image = os.path.abspath(folder / str(values.get("image", "")))
        if image in corrected:
            yield replace(row, text=corrected[image], where=f"{folder / PLACES}, line {number}")


def _placed(path: Path, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[PlacedText]:
    for number, row in rows:
        where = f"{path}, line {number}"
        try:
            yield _one(path.parent, where, row)
        except (ValueError, TypeError, OverflowError) as fault:
            raise ListError(f"{where}: {fault}; correct or remove it") from fault


def _one(folder: Path, where: str, row: Mapping[str, Any]) -> PlacedText:
    text = _first(row, TEXT)
    photo = _first(row, PHOTO)
    sha256 = str(row.get("sha256") or "").strip().lower() or None
    if text is None:
        raise ValueError("there is no text (a column called text)")
    if sha256 is not None and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError("sha256 is not one")
    if sha256 is None and not photo:
        raise ValueError("no photo is named (a column called path)")
    confidence = _first(row, CONFIDENCE)
    return PlacedText(
        where,
        ()
        if not photo
        else tuple(dict.fromkeys(os.path.abspath(p) for p in (folder / str(photo), str(photo)))),
        replace(_box(row), angle=_number(row.get("angle") or 0)),
        str(text),
        int(row.get("page") or 1),
        sha256,
        share_of(confidence) if confidence not in (None, "") else None,
        str(row["by"]) if row.get("by") else None,
    )


def _box(row: Mapping[str, Any]) -> Box:
    for names in CORNERS:
        if all(row.get(name) not in (None, "") for name in names):
            return proper_box(*(_number(row[name]) for name in names))
    for names in SIDES:
        if all(row.get(name) not in (None, "") for name in names):
            x, y, width, height = (_number(row[name]) for name in names)
            return proper_box(x, y, x + width, y + height)
    given = row.get("box", row.get("bbox"))
    if isinstance(given, str):
        given = re.findall(r"-?\d+(?:\.\d+)?", given)
    if isinstance(given, list) and len(given) == 4:
        return proper_box(*map(_number, given))
    raise ValueError("there is no box (columns x0, y0, x1, y1)")


def proper_box(x0: float, y0: float, x1: float, y1: float) -> Box:
    """The box of whole pixels around these edges; ValueError if nothing is in it."""
    if x0 >= x1 or y0 >= y1:
        raise ValueError("the box is empty")
    return Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))


def share_of(confidence: Any) -> float:
    """A confidence from 0 to 1, or in percent as engines give it, as one below 1: only people are certain."""
    value = _number(confidence)
    return min(0.99, max(0.01, value / 100 if value > 1 else value))


def _number(given: Any) -> float:
    value = float(given)
    if not math.isfinite(value) or abs(value) > 1e9:
        raise ValueError(f"{given} is no sensible number")
    return value


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            table = csv.DictReader(file, delimiter=max(",;\t", key=header.count), strict=True)
            table.fieldnames = [(name or "").strip().lower() for name in table.fieldnames or []]
            for row in table:
                if None in row or None in row.values():
                    count = len(table.fieldnames)
                    raise ListError(
                        f"{path}, line {table.line_num}: the line does not have {count} fields as the first "
                        "has; correct or remove it"
                    )
                yield table.line_num, row
    except (UnicodeDecodeError, csv.Error) as fault:
        raise ListError(f"{path} is no table in UTF-8 ({fault}); save it as CSV in UTF-8") from fault


def _json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(path, number, line)
    except UnicodeDecodeError as fault:
        raise ListError(f"{path} is no UTF-8 text; save it as UTF-8") from fault


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise ListError(f"{path}, line {number}: no JSON ({fault}); correct or remove it") from fault
    if not isinstance(row, dict):
        raise ListError(f"{path}, line {number}: no JSON object; correct or remove it")
    return row
