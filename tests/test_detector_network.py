from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import detector
from detector.alternatives import with_alternatives
from detector.areas import Found, Quad
from detector.box import Box
from detector.lines import in_reading_order
from detector.model import STRIDE, Finder, WordMaps, boxes, targets
from detector.network import FEW, NetworkDetector
from detector.train import Plan, TrainingError, fit
from detector.weights import WeightsError, read_card, sha256_of

Pixels = NDArray[np.uint8]
Sight = tuple[list[Found], list[Found]]


@dataclass(frozen=True)
class Eyes:
    """Sees what `find` says, and no ink."""

    find: Callable[[Pixels], Sight]

    def __call__(self, picture: Pixels) -> Sight:
        return self.find(picture)

    def maps(self, picture: Pixels) -> NDArray[np.float32]:
        return np.zeros((3, *picture.shape[:2]), np.float32)


def seeing(find: Callable[[Pixels], Sight]) -> NetworkDetector:
    return NetworkDetector(Eyes(find), "test")


def quad(x: float, y: float, wide: float, tall: float, angle: float = 0.0) -> Quad:
    corners = np.array([(-wide, -tall), (wide, -tall), (wide, tall), (-wide, tall)]) / 2
    t = np.deg2rad(angle)
    turn = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    return np.asarray(corners @ turn + (x, y), np.float32)


def overlap(a: Quad, b: Quad) -> float:
    shared, _ = cv2.intersectConvexConvex(a, b)
    return shared / (cv2.contourArea(a) + cv2.contourArea(b) - shared)


@given(
    st.floats(100, 300), st.floats(100, 300), st.floats(60, 180), st.floats(16, 50),
    st.sampled_from([0.0, 0.0, -12.0, 20.0]),
)  # fmt: skip
def test_what_is_coded_as_maps_comes_back_as_boxes(
    x: float, y: float, wide: float, tall: float, angle: float
) -> None:
    angle = angle if wide > 4 * tall else 0.0
    word = quad(x, y, wide, tall, angle)
    maps = targets(np.zeros((400, 400), np.uint8), [word])
    [(found, chance)], _ = boxes(maps)
    assert chance > 0.95
    assert overlap(found, word) > 0.65


def tilt(quad: Quad) -> float:
    return float(np.rad2deg(np.arctan2(*(quad[1] - quad[0])[::-1])))


def test_short_words_lean_as_those_around_them() -> None:
    long = [quad(150, 100, 180, 30, 20), quad(160, 160, 160, 30, 20), quad(140, 220, 190, 30, 20)]
    short = quad(290, 150, 44, 40, 20)
    seen, _ = boxes(targets(np.zeros((400, 400), np.uint8), [*long, short]))
    best = max((found for found, _ in seen), key=lambda one: overlap(one, short))
    assert tilt(best) == pytest.approx(20, abs=3) and overlap(best, short) > 0.65
    [(alone, _)], _ = boxes(targets(np.zeros((400, 400), np.uint8), [short]))
    assert tilt(alone) == 0, "nobody tells how it leans"
    crossed = [quad(150, 100, 180, 30, 20), quad(160, 200, 160, 30, -20), short]
    seen, _ = boxes(targets(np.zeros((400, 400), np.uint8), crossed))
    assert 0 in [tilt(found) for found, _ in seen], "its neighbours do not agree"


@pytest.mark.parametrize(("bridge", "words", "pieces"), [(0.05, 2, 0), (0.2, 1, 2), (0.5, 1, 0)])
def test_a_letter_that_hangs_on_weakly_is_of_the_word_and_may_be_parted_from_it(
    bridge: float, words: int, pieces: int
) -> None:
    maps = np.zeros((3, 60, 200), np.float32)
    maps[1, 20:40, 20:100], maps[1, 20:40, 100:104], maps[1, 20:40, 104:109] = 0.9, bridge, 0.9
    assert [len(seen) for seen in boxes(maps)] == [words, pieces]


def test_two_words_with_a_weak_bridge_are_two() -> None:
    maps = np.zeros((3, 60, 200), np.float32)
    maps[1, 20:40, 20:180], maps[1, 20:40, 98:102] = 0.9, 0.4
    assert [len(seen) for seen in boxes(maps)] == [2, 0]


def test_words_that_touch_stay_apart() -> None:
    words = [quad(100, 50, 120, 30), quad(100, 80, 120, 30), quad(224, 50, 120, 30)]
    assert [len(seen) for seen in boxes(targets(np.zeros((400, 400), np.uint8), words))] == [3, 0]


def test_maps_are_half_as_large() -> None:
    page = np.zeros((96, 70, 3), np.uint8)
    maps = Finder(WordMaps(8).eval(), "test").maps(page)
    assert maps.shape == (3, 96 // STRIDE, 70 // STRIDE) and 0 <= maps.min() <= maps.max() <= 1


@dataclass(frozen=True)
class Page:
    pixels: Pixels
    mask: Pixels
    words: tuple[Quad, ...]


def drawn(rng: np.random.Generator) -> Page:
    page = np.full((64, 64, 3), 230, np.uint8)
    x, y = (int(v) for v in rng.integers(20, 44, 2))
    cv2.rectangle(page, (x - 12, y - 5), (x + 12, y + 5), (20, 20, 20), -1)
    mask = (page[:, :, 0] < 100).astype(np.uint8) * 255
    return Page(page, mask, (quad(x, y, 25, 11),))


def test_training_learns_resumes_and_loads(tmp_path: Path) -> None:
    plan = Plan(width=8, pages=160, batch=4, warm=8, every=80, rate=1e-2, decay=0.2)
    fit(tmp_path / "run", drawn, plan, minutes=0.0)
    file = fit(tmp_path / "run", drawn, plan)
    losses = [float(row.split(",")[-1]) for row in (tmp_path / "run" / "metrics.csv").read_text().split()[1:]]
    assert losses[-1] < 0.75 * losses[0]
    loaded = detector.load(str(file))
    assert loaded.id.startswith("detector-")
    assert all(isinstance(box, Box) for box in loaded.detect(drawn(np.random.default_rng(1)).pixels))


def test_deeper_networks_begin_as_the_weights_they_begin_with(tmp_path: Path) -> None:
    shallow = Plan(width=8, blocks=0, pages=8, warm=1, every=8)
    start = fit(tmp_path / "shallow", drawn, shallow)
    deep = fit(tmp_path / "deep", drawn, replace(shallow, blocks=1, pages=0), start=start)
    assert not deep.exists(), "nothing learned, nothing written"
    made = fit(tmp_path / "deep", drawn, replace(shallow, blocks=1, rate=0.0), start=start)
    page = drawn(np.random.default_rng(3)).pixels
    assert read_card(made).settings == {"width": 8, "blocks": 1}
    assert read_card(made).parent == sha256_of(start)
    before, after = (Finder.load(path).network for path in (start, made))
    assert set(before.state_dict()) < set(after.state_dict())
    for name, value in before.state_dict().items():
        if "running" not in name and "tracked" not in name:
            assert np.allclose(value, after.state_dict()[name]), "a rate of nothing changes nothing"
    network = WordMaps(8, 1)
    network.load_state_dict(before.state_dict(), strict=False)
    as_before, deepened = (Finder(one.eval(), "test").maps(page) for one in (before, network))
    assert np.allclose(as_before, deepened, atol=1e-5)


def test_weights_and_runs_of_other_networks_are_refused(tmp_path: Path) -> None:
    plan = Plan(width=8, pages=8, warm=1, every=8)
    start = fit(tmp_path / "run", drawn, plan)
    with pytest.raises(TrainingError, match="another network"):
        fit(tmp_path / "run", drawn, replace(plan, blocks=0))
    with pytest.raises(WeightsError, match="another width"):
        fit(tmp_path / "wider", drawn, replace(plan, width=16), start=start)
    with pytest.raises(WeightsError, match="no such network"):
        fit(tmp_path / "fewer", drawn, replace(plan, blocks=0), start=start)


def found(*quads: Quad) -> NetworkDetector:
    return seeing(lambda picture: ([(q * (picture.shape[1] / 1600), 0.9) for q in quads], []))


def many(tall: float, wide: float = 300, angle: float = 0) -> list[Quad]:
    """FEW words in four columns of a picture 1600 pixels wide."""
    return [quad(200 + 400 * (n % 4), 40 + 58 * (n // 4), wide, tall, angle) for n in range(FEW)]


def test_boxes_are_in_pixels_of_the_photo_and_on_it() -> None:
    pixels = np.zeros((600, 800, 3), np.uint8)  # looked at twice as large
    [box] = found(quad(1500, 600, 300, 40)).detect(pixels)
    assert (box.x0, box.y0, box.x1, box.y1) == (675, 290, 800, 310)


def test_a_tilted_word_keeps_its_tilt() -> None:
    [box] = found(quad(800, 600, 300, 40, angle=15)).detect(np.zeros((1200, 1600, 3), np.uint8))
    assert box.angle == pytest.approx(15, abs=0.5)
    assert box.core() == pytest.approx((300, 40), abs=3)


@pytest.mark.parametrize("angle", [38, 44, 45, 47, -45, -52, 88])
def test_a_word_of_any_tilt_keeps_its_sides(angle: float) -> None:
    [box] = found(quad(800, 600, 300, 40, angle)).detect(np.zeros((1200, 1600, 3), np.uint8))
    assert box.angle == pytest.approx(angle, abs=5.1)
    assert box.core() == pytest.approx((300, 40), abs=10)
    (x0, y0), (x1, y1) = np.min(box.outline(), axis=0), np.max(box.outline(), axis=0)
    assert (x0, y0, x1, y1) == pytest.approx((box.x0, box.y0, box.x1, box.y1), abs=2)


def test_a_word_seen_twice_counts_once_and_fragments_give_way() -> None:
    near, far = [quad(300, 300, 60, 160), quad(500, 300, 60, 160)], [quad(400, 300, 400, 180)]

    def find(picture: Pixels) -> Sight:
        seen = near if picture.shape[1] == 1600 else far + near
        return [(q * (picture.shape[1] / 1600), 0.9) for q in seen], []

    boxes_found = seeing(find).detect(np.zeros((1200, 1600, 3), np.uint8))
    assert [(b.x0, b.x1) for b in boxes_found] == [(200, 600)] or len(boxes_found) == 2


def test_what_another_look_cuts_otherwise_is_an_alternative() -> None:
    whole, halves = quad(400, 300, 400, 60), [quad(300, 300, 190, 60), quad(500, 300, 190, 60)]

    def find(picture: Pixels) -> Sight:
        seen = [whole] if picture.shape[1] == 1600 else halves
        return [(q * (picture.shape[1] / 1600), 0.9) for q in seen], []

    word, *others = seeing(find).cuts(np.zeros((1200, 1600, 3), np.uint8))
    assert (word.x0, word.x1, word.alternative) == (200, 600, False)
    assert [(b.x0, b.x1, b.line, b.alternative) for b in others] == [(205, 395, 0, True), (405, 595, 0, True)]


def test_what_a_word_may_be_parted_into_is_an_alternative() -> None:
    whole, halves = quad(400, 300, 400, 60), [quad(300, 300, 190, 60), quad(500, 300, 190, 60)]

    def find(picture: Pixels) -> Sight:
        scale = picture.shape[1] / 1600
        return [(whole * scale, 0.9)], [(half * scale, 0.9) for half in halves]

    detector, page = seeing(find), np.zeros((1200, 1600, 3), np.uint8)
    assert [(b.x0, b.x1, b.alternative) for b in detector.cuts(page)] == [
        (200, 600, False),
        (205, 395, True),
        (405, 595, True),
    ]
    assert [(b.x0, b.x1) for b in detector.detect(page)] == [(200, 600)]


def test_what_is_hardly_likely_is_searched_and_not_shown() -> None:
    def find(picture: Pixels) -> Sight:
        scale = picture.shape[1] / 1600
        return [(quad(400, 300, 400, 60) * scale, 0.9), (quad(400, 600, 400, 60) * scale, 0.65)], []

    seen = seeing(find).cuts(np.zeros((1200, 1600, 3), np.uint8))
    assert [(b.y0, b.alternative) for b in seen] == [(270, False), (570, True)]


def test_what_a_look_sees_where_no_word_is_gets_a_line_of_its_own() -> None:
    words, beside = [Box(0, 0, 90, 30, line=4)], Box(0, 100, 90, 130)
    assert with_alternatives(words, [beside]) == [*words, replace(beside, line=5, alternative=True)]
    assert with_alternatives([], [beside]) == [replace(beside, line=0, alternative=True)]


def test_boxes_that_are_nearly_one_are_one() -> None:
    word = Box(0, 0, 100, 30)
    assert with_alternatives([word], [Box(0, 0, 90, 30), word]) == [word]
    assert len(with_alternatives([word], [Box(0, 0, 80, 30)])) == 2


@pytest.mark.parametrize(("tall", "angle", "looks"), [(20, 0, 3), (40, 0, 2), (20, 25, 3), (40, 25, 2)])
def test_small_writing_is_looked_at_from_nearer(tall: float, angle: float, looks: int) -> None:
    sides: list[int] = []

    def find(picture: Pixels) -> Sight:
        sides.append(picture.shape[1])
        return [(one * (picture.shape[1] / 1600), 0.9) for one in many(tall, 60, angle)], []

    boxes = seeing(find).cuts(np.zeros((2400, 3200, 3), np.uint8))
    assert len(boxes) == FEW
    assert sorted(sides) == [900, 1600, 2240][:looks]


@pytest.mark.parametrize(("side", "cuts"), [(800, [(102, 198), (202, 298)]), (3200, [])])
def test_a_photo_of_few_pixels_is_cut_otherwise_from_nearer(side: int, cuts: list[tuple[int, int]]) -> None:
    whole, halves = quad(400, 1400, 400, 60), [quad(300, 1400, 190, 60), quad(500, 1400, 190, 60)]

    def find(picture: Pixels) -> Sight:
        seen = halves if picture.shape[1] == 2240 else [whole]
        return [(q * (picture.shape[1] / 1600), 0.9) for q in [*seen, *many(40)]], []

    found = seeing(find).cuts(np.zeros((side, side, 3), np.uint8))
    assert len(found) == FEW + 1 + len(cuts)
    assert [(b.x0, b.x1) for b in found if b.alternative] == cuts


@pytest.mark.parametrize(("side", "before"), [(1200, [1600, 900, 2240]), (4000, [1600, 900])])
def test_faint_writing_is_looked_for_where_little_was_seen(side: int, before: list[int]) -> None:
    page = np.full((side * 3 // 4, side, 3), (240, 150, 60), np.uint8)
    cv2.putText(page, "plan", (side // 4, side // 4), cv2.FONT_HERSHEY_SIMPLEX, side / 400, (232, 144, 56), 9)
    looks: list[tuple[int, int]] = []
    clear = quad(400, 900, 300, 40)

    def find(picture: Pixels) -> Sight:
        looks.append((picture.shape[1], int(np.ptp(picture[..., 0]))))
        scale = picture.shape[1] / 1600
        faint = [(quad(800, 300, 300, 40) * scale, 0.9), (quad(800, 600, 300, 40) * scale, 0.65)]
        return [(clear * scale, 0.9), *(faint if looks[-1][1] > 12 else [])], []

    boxes = seeing(find).cuts(page)
    assert [seen for seen, _ in looks] == [*before, 2240]
    assert looks[-1][1] > 1.5 * looks[0][1], "with more contrast"
    assert [round(b.y0 * 1600 / side, -2) for b in boxes if not b.alternative] == [300, 900]
    assert [round(b.y0 * 1600 / side, -2) for b in boxes if b.alternative] == [600]


def test_no_faint_writing_is_looked_for_where_enough_was_seen() -> None:
    sides: list[int] = []

    def find(picture: Pixels) -> Sight:
        sides.append(picture.shape[1])
        return [(one, 0.9) for one in many(40)], []

    seeing(find).cuts(np.zeros((1500, 2000, 3), np.uint8))
    assert sides == [1600, 900]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [Box(10, y, 110, y + 20) for y in (10, 40, 70)]
    right = [Box(400, y, 500, y + 20) for y in (12, 42, 72)]
    ordered = in_reading_order([*right, *left])
    assert [(b.x0, b.y0) for b in ordered] == [(b.x0, b.y0) for b in (*left, *right)]
    assert [b.line for b in ordered] == [0, 1, 2, 3, 4, 5]


def test_words_of_a_line_share_its_number() -> None:
    line = [Box(10, 10, 60, 30), Box(70, 12, 130, 34), Box(140, 8, 200, 29)]
    ordered = in_reading_order(line[::-1])
    assert [b.x0 for b in ordered] == [10, 70, 140] and {b.line for b in ordered} == {0}


@given(st.lists(st.tuples(*[st.integers(0, 300)] * 2, *[st.integers(3, 80)] * 2), max_size=25))
def test_every_box_is_in_the_reading_order_once(rects: list[tuple[int, int, int, int]]) -> None:
    given_boxes = [Box(x, y, x + w, y + h) for x, y, w, h in rects]
    ordered = in_reading_order(given_boxes)
    assert sorted((b.x0, b.y0, b.x1, b.y1) for b in ordered) == sorted(
        (b.x0, b.y0, b.x1, b.y1) for b in given_boxes
    )
    assert [b.line for b in ordered] == sorted(b.line for b in ordered)


def test_unknown_detectors_are_named() -> None:
    with pytest.raises(ValueError, match="known: network, components"):
        detector.load("magic")
