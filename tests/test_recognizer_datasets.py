"""Readers of labelled images, each on a small set as its makers lay it out."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.datasets import (
    READERS,
    DatasetError,
    ImageError,
    Sample,
    load,
    loaded,
    open_dataset,
    shuffled,
)


def draw(path: Path, shade: int = 40, width: int = 20) -> Path:
    """A grey picture with a mark, `width` x 8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((8, width), 230, np.uint8)
    pixels[2:6, 3:9] = shade
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def listed(path: Path, kind: str | None = None) -> list[tuple[str, str]]:
    """Name of the image in its folder, and text; every image must be there."""
    samples = list(open_dataset(path, kind))
    assert all(sample.image.is_file() for sample in samples)
    return [(sample.image.name, sample.text) for sample in samples]


IAM_WORDS = (
    "#--- words.txt ---------------------------------------------------------------#",
    "#",
    "a01-000u-00-00 ok 154 408 768 27 51 AT A",
    "a01-000u-00-01 ok 154 507 766 213 48 NN MOVE",
    "a01-000u-00-02 err 154 796 764 70 50 TO to",
    "c04-110-00-03 ok 186 1 2 3 4 NP B B C",
    "a01-117-05-02 ok 156 1 2 3 4 VBD called",
)
IAM_LINES = (
    "#--- lines.txt",
    "a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop|Mr.|Gaitskell|from",
    "a01-000u-01 err 156 19 395 932 1850 105 nominating any|more",
)


@pytest.mark.parametrize("ascii_folder", ["", "ascii/"])
@pytest.mark.parametrize("nested", [True, False])
def test_iam_words(tmp_path: Path, ascii_folder: str, nested: bool) -> None:
    path = write(tmp_path / f"{ascii_folder}words.txt", *IAM_WORDS[:-1])
    for name in ("a01-000u-00-00", "a01-000u-00-01", "c04-110-00-03"):
        form = "-".join(name.split("-")[:2])
        draw(tmp_path / "words" / (f"{name[:3]}/{form}/{name}.png" if nested else f"{name}.png"))
    expected = [("a01-000u-00-00.png", "A"), ("a01-000u-00-01.png", "MOVE"), ("c04-110-00-03.png", "B B C")]
    assert listed(path) == listed(tmp_path) == listed(path, "iam") == expected


def test_iam_lines_write_blanks_as_bars_and_keep_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.txt", *IAM_LINES)
    for name in ("a01-000u-00", "a01-000u-01"):
        draw(tmp_path / f"lines/a01/a01-000u/{name}.png")
    assert [text for _, text in listed(path)] == ["A MOVE to stop Mr. Gaitskell from", "nominating any more"]


def test_broken_and_missing_images_are_skipped_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "words.txt", *IAM_WORDS)
    for name in ("a01-000u-00-00", "a01-000u-00-01"):
        draw(tmp_path / f"words/a01/a01-000u/{name}.png")
    broken = tmp_path / "words/a01/a01-117/a01-117-05-02.png"
    broken.parent.mkdir()
    broken.write_bytes(b"")
    skipped: list[str] = []
    read = [sample.id for sample, _ in loaded(open_dataset(path), skipped.append)]
    assert read == ["a01-000u-00-00", "a01-000u-00-01"]
    assert "c04-110-00-03.png cannot be opened (No such file" in skipped[0]
    assert skipped[1] == f"{broken} is empty"


def test_a_set_without_any_readable_image_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "image,text", "gone.png,x")
    with pytest.raises(DatasetError, match=r"none of the images .*gone\.png cannot be opened"):
        list(loaded(open_dataset(path), lambda why: None))
    assert list(loaded([], lambda why: None)) == []


@pytest.mark.parametrize("index", [" 24742", ""])
def test_mjsynth(tmp_path: Path, index: str) -> None:
    names = ("./2194/2/334_EFFLORESCENT_24742.jpg", "./2194/2/333_it's_1.jpg", "./1/1/7_a_b_24742.jpg")
    for name in names:
        draw(tmp_path / name)
    path = write(tmp_path / "annotation_train.txt", *(name + index for name in names))
    assert [text for _, text in listed(path)] == ["EFFLORESCENT", "it's", "a_b"]
    assert next(iter(open_dataset(path))).id == "2194/2/334_EFFLORESCENT_24742.jpg"


def test_corrections_as_they_are_exported(tmp_path: Path) -> None:
    draw(tmp_path / "crops/1.png")
    rows = [{"image": "crops/1.png", "text": 'Müll, "neu"', "photo": "/p/a.jpg", "word": "17"}]
    table = write(tmp_path / "labels.csv", "image,text,photo,word", 'crops/1.png,"Müll, ""neu""",/p/a.jpg,17')
    lines = write(tmp_path / "other.jsonl", *(json.dumps(row) for row in rows))
    assert listed(table) == listed(lines) == listed(tmp_path) == [("1.png", 'Müll, "neu"')]


@pytest.mark.parametrize(
    "header", ["image,text", "TEXT ; Image", "\ufefffile_name\tlabel", "path;x;transcription"]
)
def test_tables_with_other_separators_and_names(tmp_path: Path, header: str) -> None:
    draw(tmp_path / "a.png")
    separator = max(",;\t", key=header.count)
    values = {"x": "-", "text": "e\u0301t", "label": "e\u0301t", "transcription": "e\u0301t"}
    row = separator.join(values.get(name.strip().lower(), "a.png") for name in header.split(separator))
    assert listed(write(tmp_path / "set.csv", header, row)) == [("a.png", "ét")]


def test_a_text_may_be_empty(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    assert listed(write(tmp_path / "set.csv", "image,text", "a.png,")) == [("a.png", "")]


def test_kraken(tmp_path: Path) -> None:
    for name, text in (("b", "to-do: ü"), ("sub/a", "second")):
        draw(tmp_path / f"{name}.png")
        write(tmp_path / f"{name}.gt.txt", text)
    draw(tmp_path / "c.bin.png")
    (tmp_path / "c.gt.txt").write_text("no newline")
    assert listed(tmp_path) == [("b.png", "to-do: ü"), ("c.bin.png", "no newline"), ("a.png", "second")]
    assert [s.id for s in open_dataset(tmp_path, "kraken")] == ["b", "c", "sub/a"]


def test_paddleocr_names_start_in_a_folder_above(tmp_path: Path) -> None:
    draw(tmp_path / "train_data/rec/train/word 001.jpg")
    draw(tmp_path / "train_data/rec/train/2.jpg")
    path = write(
        tmp_path / "train_data/rec/rec_gt_train.txt",
        "train_data/rec/train/word 001.jpg\tSimple and reliable",
        '["train_data/rec/train/2.jpg", "train_data/rec/train/word 001.jpg"]\tx',
    )
    expected = [("word 001.jpg", "Simple and reliable"), ("2.jpg", "x"), ("word 001.jpg", "x")]
    assert listed(path) == listed(path.parent) == expected


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("a.csv", ["name,words", "x,y"], r"a\.csv, line 1: no column is called 'image' \(there are: name,"),
        ("a.csv", ["image,text", "a.png,x", "b.png"], r"line 3: the line does not have 2 fields"),
        ("a.csv", ["image,text", "a.png,one, two"], r"line 2: the line does not have 2 fields"),
        ("a.csv", ["image,text", 'a.png,"x'], r"no proper table"),
        ("a.csv", [""], r"line 1: no column is called 'image'"),
        ("a.jsonl", ['{"image": "a.png", "text": "x"}', "{"], r"a\.jsonl, line 2: the line is no JSON"),
        ("a.jsonl", ["", '["a.png", "x"]'], r"line 2: the line is no JSON object"),
        ("a.jsonl", ['{"image": "a.png", "text": 3}'], r'line 1: the object needs the names "image"'),
        ("words.txt", [IAM_WORDS[2], "a01-000u-00-00 ok 154"], r"words\.txt, line 2: the line is none"),
        ("l.txt", ["./1/2/3_a_4.jpg 4", "./1/2/3a4.jpg 4"], r"line 2: the image is not named as"),
        ("p.txt", ["a.png\tx", "b.png y"], r"p\.txt, line 2: there is no tab"),
        ("p.txt", ['a.png\t[{"transcription": "x"}]'], r"line 1: this list is one for detection"),
        ("p.txt", ["[a.png\tx"], r"line 1: the list of images is no JSON"),
        ("notes.txt", ["Dear diary"], r"notes\.txt is no list .* known here; name its kind: csv"),
        ("empty.txt", [""], r"empty\.txt is no list"),
        ("k/a.gt.txt", ["one", "two"], r"a\.gt\.txt holds 2 lines"),
    ],
)  # fmt: skip
def test_errors_name_the_file_and_the_line(tmp_path: Path, name: str, lines: list[str], message: str) -> None:
    path = write(tmp_path / name, *lines)
    with pytest.raises(DatasetError, match=message):
        list(open_dataset(path.parent if name.startswith("k/") else path))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.csv cannot be read \(No such file"):
        list(open_dataset(tmp_path / "gone.csv"))
    with pytest.raises(DatasetError, match="holds no list of labelled images; name the list itself"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="no kind of data set is called 'coco'; known: csv, jsonl, iam"):
        open_dataset(tmp_path, "coco")
    (tmp_path / "latin.txt").write_bytes("café\tx".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"latin\.txt is no UTF-8 text; save it as UTF-8"):
        open_dataset(tmp_path / "latin.txt")
    write(tmp_path / "words.txt", *IAM_WORDS)
    write(tmp_path / "lines.txt", *IAM_LINES)
    with pytest.raises(DatasetError, match=r"several lists \(words\.txt, lines\.txt\); name one"):
        open_dataset(tmp_path)


def test_pixels_are_rgb_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "größe ✓.png"
    bgr = np.zeros((4, 6, 3), np.uint8)
    bgr[:, :, 2] = 200
    path.write_bytes(cv2.imencode(".png", bgr)[1].tobytes())
    pixels = load(path)
    assert pixels.dtype == np.uint8
    assert (pixels == [200, 0, 0]).all()


def test_grey_images_get_three_channels(tmp_path: Path) -> None:
    pixels = load(draw(tmp_path / "grey.png", shade=7))
    assert pixels.shape == (8, 20, 3)
    assert (pixels[3, 4] == 7).all()


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    with pytest.raises(ImageError, match=r"a\.png is no image, or a broken one"):
        load(path)
    with pytest.raises(ImageError, match="cannot be opened"):
        load(tmp_path)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 10))
def test_shuffling_keeps_every_sample_once(numbers: list[int], size: int) -> None:
    samples = [Sample(Path("x"), str(n), str(k)) for k, n in enumerate(numbers)]
    mixed = list(shuffled(samples, np.random.default_rng(0), size))
    assert sorted(mixed, key=lambda s: int(s.id)) == samples


def test_shuffling_mixes_and_repeats_by_its_seed() -> None:
    samples = [Sample(Path("x"), "", str(k)) for k in range(500)]
    first, again = (list(shuffled(samples, np.random.default_rng(1), 100)) for _ in range(2))
    assert first == again != samples


def rows(kind: str) -> Callable[[int], str]:
    made: dict[str, Callable[[int], str]] = {
        "csv": lambda n: f"{n}.png,text {n}" if n else "image,text",
        "jsonl": lambda n: f'{{"image": "{n}.png", "text": "text {n}"}}',
        "iam": lambda n: f"a01-000u-{n % 90 + 10}-00 ok 1 2 3 4 5 AT text {n}",
        "mjsynth": lambda n: f"./1/1/{n}_text{n}_1.jpg 1",
        "paddleocr": lambda n: f"{n}.png\ttext {n}",
    }
    return made[kind]


@pytest.mark.parametrize("kind", sorted(set(READERS) - {"kraken"}))
def test_memory_does_not_grow_with_the_set(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "list", *map(rows(kind), range(1_000)))
    samples = iter(open_dataset(path, kind))
    next(samples)
    tracemalloc.start()
    count = sum(1 for _ in itertools.islice(samples, 300))
    early = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    count += sum(1 for _ in itertools.islice(samples, 300))
    late = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 600
    assert late < early + 40_000  # file buffers; 300 samples would take three times as much
