"""Labelled word images in the formats of the field, read one by one, however many there are.

csv        a table with the columns image and text; corrections exported by ocr-index are such tables
jsonl      one JSON object a line, with the same names
iam        words.txt or lines.txt of the IAM database
mjsynth    annotation_*.txt or imlist.txt of MJSynth (the text stands in the file name)
kraken     a folder with NAME.gt.txt beside each NAME.png
paddleocr  a list of "image <tab> text"
"""

from __future__ import annotations

import csv
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

IMAGE_NAMES = ("image", "file", "filename", "file_name", "path", "img")
TEXT_NAMES = ("text", "label", "transcription", "ground_truth", "word")
"""What columns are called, in order of preference."""

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".nrm.png", ".bin.png")
"""What image names end with, kraken's among them."""

WELL_KNOWN = (
    "labels.csv", "labels.jsonl", "words.jsonl", "words.csv",
    "words.txt", "ascii/words.txt", "lines.txt", "ascii/lines.txt",
    "annotation_train.txt", "rec_gt_train.txt",
)  # fmt: skip
"""Lists looked for in a folder."""

ANCESTORS = 5
"""Folders above a list in which its relative image names may start."""


class DatasetError(Exception):
    """A list of labelled images is not what it should be; the message names the file and the line."""

    exit_code = 2


class ImageError(Exception):
    """An image is missing or broken."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """An image on the disk and what is written on it, in NFC."""

    image: Path
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples of `path`; every iteration reads it from the start. Iterating may raise DatasetError."""

    path: Path
    kind: str

    def __iter__(self) -> Iterator[Sample]:
        return READERS[self.kind](self.path)


def open_dataset(path: Path, kind: str | None = None) -> Dataset:
    """The labelled images in the list or folder `path`, of `kind` (see above) or what it looks like.

    Raises DatasetError for what it cannot recognise.
    """
    if kind is not None and kind not in READERS:
        raise DatasetError(f"no kind of data set is called {kind!r}; known: {', '.join(READERS)}")
    if path.is_dir() and kind != "kraken":
        path = _list_in(path)
    return Dataset(path, kind or _recognised(path))


def load(image: Path) -> NDArray[np.uint8]:
    """Pixels H x W x 3, RGB, upright. Raises ImageError."""
    try:
        # Not cv2.imread: on some systems it cannot open names outside of ASCII.
        data = np.fromfile(image, np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except OSError as fault:
        raise ImageError(f"{image} cannot be opened ({fault.strerror})") from fault
    except cv2.error as fault:
        raise ImageError(f"{image} is no image, or a broken one ({fault.err})") from fault
    if pixels is None:
        raise ImageError(f"{image} is no image, or a broken one" if len(data) else f"{image} is empty")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def loaded(
    samples: Iterable[Sample], skipped: Callable[[str], None]
) -> Iterator[tuple[Sample, NDArray[np.uint8]]]:
    """Samples with their pixels. What cannot be loaded is left out, and `skipped` is told why.

    Raises DatasetError at the end if not one image could be loaded.
    """
    read, missed = False, ""
    for sample in samples:
        try:
            pixels = load(sample.image)
        except ImageError as fault:
            missed = missed or str(fault)
            skipped(str(fault))
            continue
        read = True
        yield sample, pixels
    if missed and not read:
        raise DatasetError(
            f"none of the images could be read, beginning with: {missed}; check where they lie"
        )


def shuffled(samples: Iterable[Sample], rng: Generator, size: int = 4096) -> Iterator[Sample]:
    """`samples` in nearly random order, with `size` of them in memory at a time."""
    held: list[Sample] = []
    for sample in samples:
        if len(held) < size:
            held.append(sample)
            continue
        place = int(rng.integers(size))
        yield held[place]
        held[place] = sample
    for place in rng.permutation(len(held)):
        yield held[place]


def _read_csv(path: Path) -> Iterator[Sample]:
    with _refusing(path), path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        table = csv.DictReader(file, delimiter=max(",;\t", key=header.count), strict=True)
        names = [(name or "").strip().lower() for name in table.fieldnames or []]
        table.fieldnames = names
        image, text = (_column(path, names, wanted) for wanted in (IMAGE_NAMES, TEXT_NAMES))
        for row in table:
            if None in row or None in row.values():
                raise _bad(
                    path, table.line_num, f"the line does not have {len(names)} fields as the first has"
                )
            yield _sample(path.parent, row[image], row[text])


def _read_jsonl(path: Path) -> Iterator[Sample]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError as fault:
            raise _bad(path, number, f"the line is no JSON ({fault})") from fault
        if not isinstance(row, dict):
            raise _bad(path, number, "the line is no JSON object")
        image, text = (_first(row, wanted) for wanted in (IMAGE_NAMES, TEXT_NAMES))
        if image is None or text is None:
            raise _bad(path, number, 'the object needs the names "image" and "text", both with texts')
        yield _sample(path.parent, image, text)


def _read_iam(path: Path) -> Iterator[Sample]:
    """The text is all that follows the eighth blank: it may hold blanks itself; lines write them as "|".

    Words that the database itself marks as badly cut ("err") are left out.
    """
    find = _Finder(path.parent)
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        fields = line.split(" ", 8)
        parts = fields[0].split("-")
        if len(fields) < 9 or len(parts) not in (3, 4):
            raise _bad(path, number, "the line is none of IAM's: name, ok or err, six numbers or tags, text")
        if len(parts) == 4 and fields[1] == "err":
            continue
        kept_in = "words" if len(parts) == 4 else "lines"
        nested = f"{parts[0]}/{parts[0]}-{parts[1]}/{fields[0]}"
        image = find(*(f"{folder}{n}.png" for n in (nested, fields[0]) for folder in (f"{kept_in}/", "")))
        text = fields[8].replace("|", " ") if kept_in == "lines" else fields[8]
        yield Sample(image, _clean(text), fields[0])


def _read_mjsynth(path: Path) -> Iterator[Sample]:
    find = _Finder(path.parent)
    for number, line in _lines(path):
        name = re.sub(r" \d+$", "", line)
        match = _MJSYNTH.search(name)
        if not match:
            raise _bad(path, number, "the image is not named as MJSynth's are: NUMBER_TEXT_NUMBER.jpg")
        yield Sample(find(name), _clean(match[1]), name.removeprefix("./"))


def _read_paddleocr(path: Path) -> Iterator[Sample]:
    find = _Finder(path.parent)
    for number, line in _lines(path):
        names, tab, text = line.partition("\t")
        if not tab:
            raise _bad(path, number, "there is no tab between image and text")
        if text.startswith("[{"):
            raise _bad(path, number, "this list is one for detection; give the list of cut-out words")
        for name in _several(path, number, names):
            yield Sample(find(name), _clean(text), name)


def _several(path: Path, number: int, names: str) -> list[str]:
    """PaddleOCR allows a JSON list of images that show the same text."""
    if not names.startswith("["):
        return [names]
    try:
        return [str(name) for name in json.loads(names)]
    except ValueError as fault:
        raise _bad(path, number, f"the list of images is no JSON ({fault})") from fault


def _read_kraken(path: Path) -> Iterator[Sample]:
    for folder, below, names in os.walk(path):
        below.sort()
        present = set(names)
        for name in sorted(n for n in names if n.endswith(".gt.txt")):
            stem = name.removesuffix(".gt.txt")
            image = next((stem + e for e in ENDINGS if stem + e in present), stem + ENDINGS[0])
            lines = [line for _, line in _lines(Path(folder, name))]
            if len(lines) > 1:
                raise DatasetError(f"{Path(folder, name)} holds {len(lines)} lines; one image shows one line")
            identity = Path(folder, stem).relative_to(path).as_posix()
            yield Sample(Path(folder, image), _clean("".join(lines)), identity)


READERS: Mapping[str, Callable[[Path], Iterator[Sample]]] = {
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "iam": _read_iam,
    "mjsynth": _read_mjsynth,
    "kraken": _read_kraken,
    "paddleocr": _read_paddleocr,
}

_IAM = re.compile(r"^[a-z]\d\d-\d{3}[a-z]?(-\d\d){1,2} (ok|err) ")
_MJSYNTH = re.compile(r"(?:^|/)[^_/]*_([^/]*)_[^_/]*\.jpg$")


def _list_in(folder: Path) -> Path:
    """The one list in `folder`, or the folder itself where texts stand beside images."""
    found = [folder / name for name in WELL_KNOWN if (folder / name).is_file()]
    if len(found) > 1:
        names = ", ".join(str(one.relative_to(folder)) for one in found)
        raise DatasetError(f"{folder} holds several lists ({names}); name one of them")
    if not found and next(folder.rglob("*.gt.txt"), None) is None:
        raise DatasetError(f"{folder} holds no list of labelled images; name the list itself")
    return found[0] if found else folder


def _recognised(path: Path) -> str:
    if path.is_dir():
        return "kraken"
    ending = path.suffix.lower()
    by_ending = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
    if ending in by_ending:
        return by_ending[ending]
    line = next((line for _, line in _lines(path) if not line.startswith("#")), "")
    if "\t" in line:
        return "paddleocr"
    if _IAM.match(line):
        return "iam"
    if _MJSYNTH.search(re.sub(r" \d+$", "", line)):
        return "mjsynth"
    raise DatasetError(
        f"{path} is no list of labelled images known here; name its kind: {', '.join(READERS)}"
    )


class _Finder:
    """Finds images whose names start in the folder of a list, or in one above it; remembers where."""

    def __init__(self, folder: Path) -> None:
        self._folders = [folder, *folder.absolute().parents][: ANCESTORS + 1]
        self._last = (folder, 0)

    def __call__(self, *names: str) -> Path:
        """The image under one of its possible `names`; where none is there, the first one that could be."""
        folder, which = self._last
        if (folder / names[which]).is_file():
            return folder / names[which]
        for folder in self._folders:
            for which, name in enumerate(names):
                if (folder / name).is_file():
                    self._last = (folder, which)
                    return folder / name
        folder, which = self._last
        return folder / names[which]


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Says what is wrong with a list that is no text or cannot be read."""
    try:
        yield
    except UnicodeDecodeError as fault:
        raise DatasetError(f"{path} is no UTF-8 text; save it as UTF-8") from fault
    except OSError as fault:
        raise DatasetError(f"{path} cannot be read ({fault.strerror}); check the name") from fault
    except csv.Error as fault:
        raise DatasetError(f"{path} is no proper table ({fault}); check its quotes") from fault


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    with _refusing(path), path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line.rstrip("\n")


def _bad(path: Path, number: int, what: str) -> DatasetError:
    return DatasetError(f"{path}, line {number}: {what}; correct or remove it")


def _column(path: Path, names: Sequence[str], wanted: Sequence[str]) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise _bad(path, 1, f"no column is called {wanted[0]!r} (there are: {', '.join(names) or 'none'})")
    return found


def _first(row: Mapping[str, Any], wanted: Sequence[str]) -> str | None:
    return next((row[name] for name in wanted if isinstance(row.get(name), str)), None)


def _sample(folder: Path, image: str, text: str) -> Sample:
    return Sample(folder / image, _clean(text), image)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())
