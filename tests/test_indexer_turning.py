"""Photos the wrong way round: which way is found out by reading, and boxes stand on the photo as it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import LightDetector, LightRecognizer, pixels

from detector import Box
from indexer.archive import Archive
from indexer.pipeline import Models, add
from indexer.prepare import Prepared
from indexer.reader import Read
from indexer.reading import Page, Reading, Sighting, WordReading
from indexer.settings import Settings
from indexer.turning import Turner, sample, turned, turned_back
from recognizer import Hypothesis
from recognizer.crop import strip

SAMPLE = Path(__file__).parents[1] / "samples" / "stickies-ideas.jpg"


@given(st.integers(0, 3), st.integers(1, 40), st.integers(1, 40), st.data())
def test_boxes_are_turned_back_to_where_they_were(
    q: int, rows: int, columns: int, data: st.DataObject
) -> None:
    x0, y0 = data.draw(st.integers(0, columns - 1)), data.draw(st.integers(0, rows - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, columns)), data.draw(st.integers(y0 + 1, rows))
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[y0:y1, x0:x1] = 1
    seen = turned(pixels, q)
    ys, xs = np.nonzero(seen[:, :, 0])
    box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1, angle=3.0)
    back = turned_back(box, q, *seen.shape[:2])
    assert (back.x0, back.y0, back.x1, back.y1) == (x0, y0, x1, y1)
    assert back.angle == (3.0 + 90 * q + 180) % 360 - 180


def test_other_cuts_of_the_words_do_not_say_which_way_is_up() -> None:
    boxes = tuple(Box(n, 0, n + 9, 9, alternative=n >= 3) for n in range(60))
    strips = tuple(np.full((32, 9), n, np.float32) for n in range(60))
    page = Prepared(Sighting("/p/a.jpg"), Page("a" * 64, 1, 0.0, 100, 100), boxes, strips, (None,) * 60)
    assert [int(one[0, 0]) for one in sample(page)] == [0, 1, 2]


def test_a_page_without_a_word_is_left_as_it_is(recwarn: pytest.WarningsRecorder) -> None:
    box = Box(0, 0, 9, 40, alternative=True)
    page = Prepared(Sighting("/p/a.jpg"), Page("a" * 64, 1, 0.0, 100, 100), (box,), (), ())
    others = [WordReading(box, (Hypothesis("ab", 0.1),), b"")] * 9
    read = Read(page, Reading("detector", "recognizer", tuple(others), "ab", ""))
    assert Turner(LightDetector(), LightRecognizer(), 5)(read) is read
    assert not recwarn.list


class Sideways(LightDetector):
    """Sees writing that stands sideways as one thing, higher than long."""

    def detect(self, pixels: np.ndarray) -> list[Box]:
        upright = pixels.shape[1] > pixels.shape[0]
        tall, wide = pixels.shape[:2]
        return super().detect(pixels) if upright else [Box(0, 0, wide, tall, chance=0.9)]


@pytest.mark.parametrize(
    ("words", "turned_by"), [("board plans words dates names", {-90.0}), ("board plans", set())]
)
def test_a_page_on_its_side_is_turned_though_hardly_a_word_was_found(
    tmp_path: Path, words: str, turned_by: set[float]
) -> None:
    written = pixels(words)
    cv2.imwrite(str(tmp_path / "photo.png"), np.rot90(written))
    settings = dataclasses.replace(Settings(), threads=1)
    with Archive.open(tmp_path / "home", create=True) as archive:
        add(
            archive,
            [tmp_path / "photo.png"],
            settings,
            models=lambda _: Models(Sideways(), LightRecognizer()),
        )
        [page] = archive.words()
    assert {word.box.angle for word in page.words} == turned_by


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_photo_is_found_whichever_way_it_was_taken(tmp_path: Path, quarters: int) -> None:
    sample = cv2.imread(str(SAMPLE))
    assert sample is not None
    pixels = np.rot90(sample, quarters).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), pixels)
    with Archive.open(tmp_path / "home", create=True) as archive:
        add(archive, [tmp_path / "photo.png"], dataclasses.replace(Settings(), threads=1))
        [page] = archive.words()
        best = {word.readings[0].text.lower(): word for word in page.words}
    assert "loyalty" in best
    word = best["loyalty"]
    assert round((word.box.angle + 90 * quarters) / 90) % 4 == 0
    height, width = pixels.shape[:2]
    assert 0 <= word.box.x0 < word.box.x1 <= width and 0 <= word.box.y0 < word.box.y1 <= height
    crop = strip(np.ascontiguousarray(pixels[:, :, ::-1]), word.box, 32)
    assert crop.shape[1] > 2 * 32  # the long side of the word lies along the strip
