"""Labels and suggestions come in from lists, and go out as crops that trainers read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import ALPHABET, LightRecognizer, board, empty_archive, light
from readings import found, texts, word_id

from detector import Box
from indexer.archive import Archive
from indexer.exporting import FORMS, ExportError, export
from indexer.pipeline import add
from indexer.placed import ListError, PlacedText, proper_box, read_places
from indexer.settings import Settings
from recognizer.crop import contrast, resize
from recognizer.datasets import load, open_dataset
from recognizer.decode import best_path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return board(tmp_path / "photos" / "board.png", "quarterly rodmap", "budget")


@pytest.fixture
def archive(tmp_path: Path, photo: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path / "home") as archive:
        add(archive, [photo], Settings(threads=1), models=light)
        yield archive


def label_all(archive: Archive) -> None:
    for text, said in (("quarterly", "quarterly"), ("rodmap", 'road, "map" | #1'), ("budget", "Büdget")):
        archive.labels.set(word_id(archive, text), said)


def bring(archive: Archive, path: Path, replace: bool = False) -> tuple[int, int, int, int]:
    done = archive.labels.bring(read_places(path), "list", replace)
    return done.new, done.same, len(done.kept), len(done.astray)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_back(archive: Archive, tmp_path: Path, form: str) -> None:
    label_all(archive)
    assert export(archive.labels.labelled(), tmp_path / "out", form).crops == 3
    samples = list(open_dataset(tmp_path / "out"))
    assert open_dataset(tmp_path / "out").kind == form
    assert sorted(sample.text for sample in samples) == ["Büdget", "quarterly", 'road, "map" | #1']
    crop = next(sample.image for sample in samples if sample.text == "quarterly")
    strip = contrast(resize(load(crop), LightRecognizer().height))
    (lattice,) = LightRecognizer().lattices([strip])
    assert best_path(lattice, ALPHABET).text == "quarterly"


@pytest.mark.parametrize("form", FORMS)
def test_each_form_comes_back_into_another_archive(
    archive: Archive, photo: Path, tmp_path: Path, form: str
) -> None:
    label_all(archive)
    archive.labels.add(str(photo), proper_box(5, 5, 9, 60), "extra", by="Ann")
    export(archive.labels.labelled(), tmp_path / "out", form)
    moved = photo.rename(photo.with_name("renamed.png"))
    with empty_archive(tmp_path / "other") as other:
        add(other, [moved], Settings(threads=1), models=light)
        assert bring(other, tmp_path / "out") == (4, 0, 0, 0)
        assert texts(other) == texts(archive)
        assert bring(other, tmp_path / "out") == (0, 4, 0, 0)
        assert {said.by for said in other.labels.changes()} == {"person", "Ann"}
        other.labels.undo("Ann")
        other.labels.undo("person")
        assert texts(other) == ["quarterly rodmap budget"]


def test_texts_corrected_in_an_export_count(archive: Archive, tmp_path: Path) -> None:
    label_all(archive)
    export(archive.labels.labelled(), tmp_path / "out", "paddleocr")
    lines = tmp_path / "out" / "rec_gt_train.txt"
    lines.write_text(lines.read_text("utf-8").replace("Büdget", "Budget"), "utf-8")
    assert bring(archive, tmp_path / "out") == (0, 2, 1, 0)
    assert bring(archive, tmp_path / "out", replace=True) == (1, 2, 0, 0)
    assert "Budget" in texts(archive)[0]


def test_a_folder_in_use_is_no_place_to_export_to(archive: Archive, tmp_path: Path, photo: Path) -> None:
    with pytest.raises(ExportError, match="new folder"):
        export([], photo.parent, "csv")


def test_a_photo_that_has_gone_is_named_and_the_others_are_exported(
    archive: Archive, tmp_path: Path, photo: Path
) -> None:
    label_all(archive)
    photo.write_bytes(b"")
    done = export(archive.labels.labelled(), tmp_path / "out", "csv")
    assert (done.crops, len(done.unreadable)) == (0, 1)


def test_nothing_written_is_no_word_to_learn(archive: Archive) -> None:
    archive.labels.set(word_id(archive, "budget"), "")
    assert archive.labels.labelled() == []


BOXES: dict[str, tuple[str, Callable[[Box], str]]] = {
    "corners": ("x0,y0,x1,y1", lambda b: f"{b.x0},{b.y0},{b.x1},{b.y1}"),
    "sides": ("x,y,w,h", lambda b: f"{b.x0},{b.y0},{b.x1 - b.x0},{b.y1 - b.y0}"),
    "one": ("box", lambda b: f'"[{b.x0}, {b.y0}, {b.x1}, {b.y1}]"'),
}


@pytest.mark.parametrize("kind", BOXES)
def test_a_table_made_elsewhere_is_understood(
    archive: Archive, photo: Path, tmp_path: Path, kind: str
) -> None:
    columns, written = BOXES[kind]
    box = next(archive.words()).words[1].box
    table = tmp_path / "labels.csv"
    table.write_text(f"Photo,{columns},Text\n{photo.name},{written(box)},roadmap\n")
    assert bring(archive, table) == (0, 0, 0, 1)
    table = table.rename(photo.parent / "labels.csv")
    assert bring(archive, table) == (1, 0, 0, 0)
    assert found(archive, "roadmap") == [str(photo)]


def test_json_lines_made_elsewhere_are_understood(archive: Archive, photo: Path, tmp_path: Path) -> None:
    box = next(archive.words()).words[1].box
    row = {"path": str(photo), "box": [box.x0, box.y0, box.x1, box.y1], "text": "", "by": "Ann"}
    (tmp_path / "l.jsonl").write_text(json.dumps(row) + "\n")
    assert bring(archive, tmp_path / "l.jsonl") == (1, 0, 0, 0)
    assert texts(archive) == ["quarterly budget"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "path,text\na.png,x\n", "line 2: there is no box"),
        ("a.csv", "path,x0,y0,x1,y1,text\na.png,9,0,1,1,x\n", "the box is empty"),
        ("a.csv", "path,x0,y0,x1,y1,text\na.png,nan,0,1,1,x\n", "no sensible number"),
        ("a.csv", "path,x0,y0,x1,y1,text\na.png,0,0,1\n", "6 fields"),
        ("a.csv", "x0,y0,x1,y1,text\n0,0,1,1,x\n", "no photo is named"),
        ("a.csv", "path,box\na.png,0 0 1 1\n", "there is no text"),
        ("a.csv", b"path\xff,box\n\xff", "UTF-8"),
        ("a.jsonl", "[1]\n", "no JSON object"),
        ("a.jsonl", "{\n", "no JSON"),
        ("a.html", "<p>", "neither hOCR nor ALTO"),
        ("a.xml", "<alto><Page>", "no proper XML"),
        ("a.hocr", "<span class='ocrx_word' title='bbox 1 2'>x</span>", "line 1"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ListError, match=says):
        list(read_places(path))


@given(content=st.text("abc0123,\n\"'<>/= []{}:", max_size=60))
def test_no_list_brings_anything_down(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    for name in ("a.csv", "a.jsonl", "a.hocr", "a.xml"):
        path = tmp_path_factory.getbasetemp() / name
        path.write_text(f"path,box,text\n{content}" if name == "a.csv" else f"<alto ocr_page{content}")
        try:
            list(read_places(path))
        except ListError as error:
            assert str(path) in str(error)


def test_nothing_is_brought_from_a_list_that_is_wrong_in_the_middle(
    archive: Archive, photo: Path, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(f"path,box,text\n{photo},10 10 60 60,x\n{photo},none,x\n")
    with pytest.raises(ListError, match="line 3"):
        bring(archive, table)
    assert archive.labels.changes() == []


HOCR = """<html><body><div class='ocr_page' title='image "{image}"; bbox 0 0 {width} {height}; ppageno 0'>
<span class='ocr_line' title='bbox 0 0 9 9'>
<span class='ocrx_word' title='bbox {x0} {y0} {x1} {y1}; x_wconf 87'><strong>road<em>map</em></strong></span>
<span class='ocrx_word' title='bbox 0 0 5 5; x_wconf 12'>  </span></span></div></body></html>"""

ALTO = """<?xml version="1.0" encoding="UTF-8"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">
<Layout><Page WIDTH="{width}" HEIGHT="{height}" PHYSICAL_IMG_NR="1"><PrintSpace><TextBlock><TextLine>
<String HPOS="{x0}" VPOS="{y0}" WIDTH="{w}" HEIGHT="{h}" CONTENT="roadmap" WC="0.87"/><SP/>
</TextLine></TextBlock></PrintSpace></Page></Layout></alto>"""


@pytest.mark.parametrize(("form", "name"), [(HOCR, "scan.hocr"), (ALTO, "board.xml")])
@pytest.mark.parametrize("scale", [1, 2])
def test_readings_of_another_engine_are_suggestions(
    archive: Archive, photo: Path, form: str, name: str, scale: int
) -> None:
    box = next(archive.words()).words[1].box
    height, width = load(photo).shape[:2]
    x0, y0, x1, y1 = (scale * edge for edge in (box.x0, box.y0, box.x1, box.y1))
    text = form.format(
        image=photo.name, width=scale * width, height=scale * height,
        x0=x0, y0=y0, x1=x1, y1=y1, w=x1 - x0, h=y1 - y0,
    )  # fmt: skip
    (photo.parent / name).write_text(text)
    done = archive.labels.suggest(read_places(photo.parent / name), "engine")
    assert (done.new, done.astray) == (1, [])
    word = next(archive.words()).words[1]
    assert word.label is None
    assert [(s.text, s.probability, s.source) for s in word.suggestions] == [("roadmap", 0.87, "engine")]
    assert {"roadmap", "rodmap"} <= {reading.text for reading in word.readings}
    assert found(archive, "roadmap") == [str(photo)]


def suggestion(photo: Path, text: str, x0: int, confidence: float | None = 1.0) -> PlacedText:
    return PlacedText("here", (str(photo),), proper_box(x0, 140, x0 + 40, 180), text, confidence=confidence)


def test_a_suggestion_where_nothing_was_found_is_a_word_until_its_source_says_otherwise(
    archive: Archive, photo: Path
) -> None:
    archive.labels.suggest([suggestion(photo, "below", 200)], "engine")
    assert found(archive, "below") == [str(photo)]
    word = word_id(archive, "below")
    archive.labels.set(word, "Below")
    archive.labels.suggest([], "engine")
    assert "Below" in texts(archive)[0].split()
    archive.labels.undo()
    assert "below" in texts(archive)[0].split()
    archive.labels.suggest([suggestion(photo, "other", 100)], "engine")
    assert "below" not in texts(archive)[0].split()
    add_again = replace(Settings(), threads=1)
    add(archive, [photo], add_again, models=light)
    assert "other" in texts(archive)[0].split()


def test_a_suggestion_is_never_certain_and_a_label_stands_above_it(archive: Archive, photo: Path) -> None:
    word = next(archive.words()).words[1]
    placed = PlacedText("here", (str(photo),), word.box, "roadmap", confidence=1.0)
    archive.labels.suggest([placed], "one")
    archive.labels.suggest([replace(placed, confidence=None)], "two")
    (again,) = [w for w in next(archive.words()).words if w.id == word.id]
    assert max(r.probability for r in again.readings if r.text == "roadmap") < 1
    archive.labels.set(word.id, "Roadmap")
    assert archive.labels.word(word.id).word.readings[0].text == "Roadmap"
    assert len(archive.labels.word(word.id).word.readings) == 1
    assert len(archive.labels.word(word.id).word.suggestions) == 2


def test_the_crop_of_a_tilted_word_is_upright(tmp_path: Path) -> None:
    pixels = np.full((200, 200, 3), 255, np.uint8)
    from detector import Box
    from recognizer.crop import patch

    tall, wide, _ = patch(pixels, Box(20, 20, 140, 100, angle=20.0)).shape
    assert tall < 80 < wide


def test_an_export_says_where_each_crop_comes_from(archive: Archive, tmp_path: Path, photo: Path) -> None:
    label_all(archive)
    export(archive.labels.labelled([str(photo.parent)]), tmp_path / "out", "csv")
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["path"], row["page"], row["by"]) == (str(photo), "1", "person")
    assert archive.labels.labelled(["/nowhere"]) == []
