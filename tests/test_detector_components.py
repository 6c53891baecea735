import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import detector
from detector import Box
from detector.binarize import Mask
from detector.blobs import Blobs, blobs_of, chained, side_by_side
from detector.components import Components
from detector.rows import rows_of

Colour = tuple[int, int, int]
Frame = tuple[int, int, int, int]
Pixels = NDArray[np.uint8]

PAPER, PEN = (236, 234, 228), (40, 45, 110)


def sheet(rows: int = 600, columns: int = 800, ground: Colour = PAPER) -> Pixels:
    return np.full((rows, columns, 3), ground, np.uint8)


def write(
    page: Pixels, text: str, at: tuple[int, int], scale: float = 1.0, pen: Colour = PEN, angle: float = 0.0
) -> Frame:
    """Writes on `page`; returns the frame x0, y0, x1, y1 of the ink."""
    cover = np.zeros(page.shape[:2], np.uint8)
    cv2.putText(cover, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(2 * scale)), cv2.LINE_AA)
    if angle:
        turn = cv2.getRotationMatrix2D(at, -angle, 1)
        cover = np.asarray(cv2.warpAffine(cover, turn, (page.shape[1], page.shape[0])), np.uint8)
    share = cover[:, :, None] / 255
    page[:] = page * (1 - share) + np.array(pen) * share
    y, x = np.nonzero(cover > 128)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


def grained(page: Pixels) -> Pixels:
    noise = np.random.default_rng(5).normal(0, 2, page.shape)
    return np.asarray((page + noise).clip(0, 255), np.uint8)


def near(box: Box, frame: Frame, slack: float) -> bool:
    return max(abs(a - b) for a, b in zip((box.x0, box.y0, box.x1, box.y1), frame, strict=True)) <= slack


def found(page: Pixels) -> list[Box]:
    return Components().detect(grained(page))


@pytest.mark.parametrize("scale", [0.6, 1.0, 3.0, 6.0])
def test_a_word_of_any_size_is_found(scale: float) -> None:
    page = sheet()
    frame = write(page, "Plan", (60, 350), scale)
    [box] = found(page)
    assert near(box, frame, 2 + scale)


@pytest.mark.parametrize(
    ("ground", "pen"),
    [((25, 40, 35), (230, 230, 225)), ((250, 235, 120), (200, 40, 50)), (PAPER, (90, 190, 120))],
)
def test_colours_and_chalk(ground: Colour, pen: Colour) -> None:
    page = sheet(ground=ground)
    frame = write(page, "roadmap", (60, 300), 2.0, pen)
    [box] = found(page)
    assert near(box, frame, 4) and box.chance > 0.5


def test_large_photos_are_looked_at_smaller_and_answered_in_their_own_pixels() -> None:
    page = sheet(1200, 2400)
    frame = write(page, "Plan", (300, 700), 3.0)
    [box] = found(page)
    assert near(box, frame, 8)


def test_lines_are_never_joined() -> None:
    page = sheet()
    frames = [
        write(page, text, (60, 200 + 44 * n), 1.2) for n, text in enumerate(["joypad", "hilly", "kept dry"])
    ]
    boxes = found(page)
    for x0, y0, x1, y1 in frames:
        mine = [b for b in boxes if y0 - 3 <= b.y0 and b.y1 <= y1 + 3]
        assert min(b.x0 for b in mine) <= x0 + 3 and max(b.x1 for b in mine) >= x1 - 3
    assert sorted({b.line for b in boxes}) == [0, 1, 2]


def test_words_on_ruled_paper_are_found_and_rules_are_not() -> None:
    page = sheet()
    for y in range(40, 600, 40):
        cv2.line(page, (0, y), (799, y + 8), (150, 160, 200), 2)
    frame = write(page, "minutes", (200, 318), 1.5)
    [box] = found(page)
    assert near(box, frame, 8)


def test_a_word_in_a_frame_with_an_arrow_is_found() -> None:
    page = sheet()
    frame = write(page, "server", (120, 300), 1.6)
    cv2.rectangle(page, (90, 230), (330, 340), PEN, 3)
    cv2.arrowedLine(page, (330, 285), (600, 290), PEN, 3)
    assert any(near(box, frame, 6) for box in found(page))


def test_uphill_writing_has_its_tilt() -> None:
    page = sheet()
    write(page, "climbing", (200, 400), 2.0, angle=-14)
    [box] = found(page)
    wide, tall = box.core()
    assert box.angle == pytest.approx(-14, abs=3)
    assert wide > 3 * tall and tall < 75


@pytest.mark.parametrize("seed", range(3))
def test_pictures_without_writing_give_next_to_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cloud = cv2.resize(
        rng.uniform(0, 255, (12, 16, 3)).astype(np.float32), (800, 600), interpolation=cv2.INTER_CUBIC
    )
    leaves = cv2.GaussianBlur(rng.uniform(0, 255, (600, 800, 3)).astype(np.float32), (0, 0), 3) * 6 - 640
    pictures = (cloud, cloud / 2 + leaves / 2, np.full_like(cloud, 235))
    boxes = Components().detect(pictures[seed].clip(0, 255).astype(np.uint8))
    assert sum(box.chance > 0.5 for box in boxes) <= 2


def test_the_reading_order_goes_down_a_column_before_the_next() -> None:
    page = sheet()
    for column, words in enumerate((("alpha", "beta", "gamma"), ("delta", "omega", "sigma"))):
        for row, word in enumerate(words):
            write(page, word, (60 + 400 * column, 200 + 60 * row), 1.4)
    boxes = found(page)
    assert [(b.x0 > 400, b.line) for b in boxes] == [(n > 2, n) for n in range(6)]


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3))))
def test_any_picture_gives_boxes_on_it(pixels: Pixels) -> None:
    rows, columns = pixels.shape[:2]
    for box in Components().detect(pixels):
        assert 0 <= box.x0 < box.x1 <= columns and 0 <= box.y0 < box.y1 <= rows and 0 <= box.chance <= 1


def mask_of(*frames: Frame) -> Mask:
    mask = np.zeros((100, 300), bool)
    for x0, y0, x1, y1 in frames:
        mask[y0:y1, x0:x1] = True
    return mask


def measured(*frames: Frame) -> Blobs:
    mask = mask_of(*frames)
    return blobs_of(mask, np.where(mask, 80, 0).astype(np.uint8))


def test_blobs_by_hand() -> None:
    blobs = measured((10, 20, 14, 50), (40, 30, 60, 34))
    assert blobs.frames.tolist() == [[10, 20, 14, 50], [40, 30, 60, 34]]
    assert blobs.ink.tolist() == [120, 80] and blobs.strength.tolist() == [80, 80]
    assert blobs.pen == pytest.approx([4, 4], abs=1)


def test_neighbours_by_hand() -> None:
    blobs = measured((10, 20, 30, 40), (38, 21, 58, 42), (90, 22, 110, 40), (10, 60, 30, 80))
    assert side_by_side(blobs, blobs.height, 0.5).tolist() == [[0, 1]]
    assert [sorted(group) for group in chained(blobs, blobs.height, 1.7)] == [[0, 1, 2], [3]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 250), st.integers(0, 80)), min_size=1, max_size=30))
def test_every_blob_is_in_one_chain(places: list[tuple[int, int]]) -> None:
    blobs = measured(*((x, y, x + 9, y + 12) for x, y in places))
    groups = chained(blobs, blobs.height, 0.6)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(blobs)))


def test_two_lines_hanging_together_come_apart() -> None:
    stems = [(x, y, x + 4, y + 20) for y in (10, 40) for x in range(10, 150, 12)]
    bars = [(x, y, x + 10, y + 4) for y in (10, 40) for x in range(10, 150, 12)]
    hanging = [(156, 10, 160, 60), (156, 10, 166, 14)]
    rows = rows_of(measured(*stems, *bars, *hanging))
    assert {(row.blobs.frame[1] < 20, row.blobs.frame[3] > 50) for row in rows} == {
        (True, False),
        (False, True),
    }


def test_no_ink_no_rows() -> None:
    assert rows_of(measured()) == []


def test_it_is_called_components() -> None:
    assert isinstance(detector.load("components"), Components)
    assert detector.load("components").id == "components-1"
