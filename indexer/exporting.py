"""Labelled words -> a folder of crops and a list, in the forms that trainers of recognizers read.

`recognizer.datasets` reads each of them back; what it says of the forms holds here, too.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from indexer.crops import crop, open_page
from indexer.labelling import Labelled
from indexer.photo import Photo, PhotoError
from indexer.placed import PLACES


class ExportError(Exception):
    """The folder to export to cannot be used."""

    exit_code = 2


@dataclass(slots=True)
class Exported:
    """What was written, and which photos could not be read."""

    crops: int = 0
    unreadable: list[str] = field(default_factory=list)


def export(labelled: Sequence[Labelled], folder: Path, form: str) -> Exported:
    """Write the crop of every label, with the margin that recognizers get, and the list into `folder`.

    `form` is one of `FORMS`. Raises `ExportError` if the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    done, rows = Exported(), []
    for number, (_, group) in enumerate(groupby(labelled, key=lambda one: one.photo)):
        several = list(group)
        try:
            photo = open_page(Path(several[0].path), several[0].page, several[0].sha256)
        except PhotoError as error:
            done.unreadable.append(str(error))
            continue
        for count, one in enumerate(several):
            image = NAMES[form](number, count)
            _save_crop(photo, one, folder / image)
            rows.append(_row(one, image))
    for name, text in FORMS[form](rows):
        (folder / name).write_text(text, "utf-8")
    done.crops = len(rows)
    return done


def _save_crop(photo: Photo, one: Labelled, image: Path) -> None:
    image.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(crop(photo, one.label.box)).save(image)


Row = Mapping[str, Any]


def _row(one: Labelled, image: str) -> Row:
    box = one.label.box
    return {
        "image": image,
        "text": one.label.text,
        # Names that are no text in any encoding are told by their bytes.
        "path": os.fsencode(one.path).decode("utf-8", "replace"),
        "sha256": one.sha256,
        "page": one.page,
        "x0": box.x0,
        "y0": box.y0,
        "x1": box.x1,
        "y1": box.y1,
        "angle": box.angle,
        "by": one.label.by,
        "at": one.label.at,
    }


def _csv(rows: Iterable[Row]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, ROW_NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


ROW_NAMES = ("image", "text", "path", "sha256", "page", "x0", "y0", "x1", "y1", "angle", "by", "at")

Files = Iterator[tuple[str, str]]
"""Names and contents."""


def _as_csv(rows: Sequence[Row]) -> Files:
    yield "labels.csv", _csv(rows)


def _as_jsonl(rows: Sequence[Row]) -> Files:
    yield "labels.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _as_iam(rows: Sequence[Row]) -> Files:
    """words.txt: name, ok, grey level (unknown), x y w h, tag (unknown), text."""
    lines = [
        f"{Path(row['image']).stem} ok -1 {row['x0']} {row['y0']} {row['x1'] - row['x0']} "
        f"{row['y1'] - row['y0']} UNK {row['text']}\n"
        for row in rows
    ]
    yield "words.txt", "".join(lines)
    yield PLACES, _csv(rows)


def _as_paddleocr(rows: Sequence[Row]) -> Files:
    yield "rec_gt_train.txt", "".join(f"{row['image']}\t{row['text']}\n" for row in rows)
    yield PLACES, _csv(rows)


def _as_kraken(rows: Sequence[Row]) -> Files:
    for row in rows:
        yield row["image"].removesuffix(".png") + ".gt.txt", row["text"] + "\n"
    yield PLACES, _csv(rows)


def _plain_name(photo: int, count: int) -> str:
    return f"images/{photo:06}-{count:04}.png"


def _iam_name(photo: int, count: int) -> str:
    """As IAM names its forms, lines and words, a line having up to a hundred: words/a01/a01-000/...png."""
    writer = f"{chr(ord('a') + photo // 100_000)}{photo // 1000 % 100:02}"
    form = f"{writer}-{photo % 1000:03}"
    return f"words/{writer}/{form}/{form}-{count // 100:02}-{count % 100:02}.png"


FORMS: Mapping[str, Callable[[Sequence[Row]], Files]] = {
    "csv": _as_csv,
    "jsonl": _as_jsonl,
    "iam": _as_iam,
    "paddleocr": _as_paddleocr,
    "kraken": _as_kraken,
}
NAMES: Mapping[str, Callable[[int, int], str]] = dict.fromkeys(FORMS, _plain_name) | {"iam": _iam_name}
