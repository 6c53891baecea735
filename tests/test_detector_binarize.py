from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from detector.binarize import Grey, Mask, contrast, ink, otsu, sauvola, without_rules, wolf

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]

PENS: dict[str, Colour] = {
    "black": (30, 30, 35),
    "red": (215, 60, 60),
    "green": (60, 150, 90),
    "faint yellow": (235, 220, 130),
}


def sheet(ground: Colour = (235, 235, 230), size: tuple[int, int] = (200, 400)) -> Pixels:
    return np.full((*size, 3), ground, np.uint8)


def write(page: Pixels, pen: Colour) -> Mask:
    """Draws on `page` and returns where ink must be, whatever the pen."""
    cover = np.zeros(page.shape[:2], np.uint8)
    cv2.putText(cover, "word", (60, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 4)
    page[cover > 0] = pen
    return np.asarray(cover > 0)


def grey_of(page: Pixels) -> Grey:
    return np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8)


def f_measure(mask: Mask, truth: Mask) -> float:
    return float(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


def uneven(page: Pixels) -> Pixels:
    """Three times as bright on the left as on the right, with the edge of a shadow across."""
    light = np.linspace(1.0, 0.35, page.shape[1])[None, :, None] * np.where(
        np.arange(page.shape[0])[:, None, None] > 110, 0.75, 1.0
    )
    return np.asarray(page * light, np.uint8)


@pytest.mark.parametrize("pen", PENS.values(), ids=PENS)
def test_every_pen_on_white_is_seen(pen: Colour) -> None:
    page = sheet()
    truth = write(page, pen)
    assert f_measure(ink(page), truth) > 0.85


@pytest.mark.parametrize("ground", [(30, 45, 40), (20, 20, 20), (40, 50, 110)])
def test_chalk_on_dark_ground_is_seen(ground: Colour) -> None:
    page = sheet(ground)
    truth = write(page, (225, 225, 220))
    assert f_measure(ink(page), truth) > 0.85


def test_equal_brightness_does_not_hide_a_colour() -> None:
    page = sheet((120, 170, 120))
    truth = write(page, (205, 130, 110))
    grey = grey_of(page)
    assert abs(int(grey[truth].mean()) - int(grey[~truth].mean())) < 6
    assert f_measure(ink(page), truth) > 0.8


def test_uneven_light_and_shadow_leave_only_the_writing() -> None:
    page = sheet()
    truth = write(page, (40, 40, 120))
    lit = uneven(page)
    grey = grey_of(lit)
    assert f_measure(ink(lit), truth) > 0.85 > f_measure(otsu(grey), truth)


def test_edges_of_notes_are_no_ink() -> None:
    page = sheet((120, 90, 60))
    page[40:160, 80:320] = (250, 235, 120)
    assert ink(page).mean() < 0.002


def test_a_plain_wall_with_camera_noise_is_empty() -> None:
    noise = np.random.default_rng(1).normal(200, 3, (200, 300, 3))
    assert ink(noise.clip(0, 255).astype(np.uint8)).mean() < 0.001


@pytest.mark.parametrize("method", [otsu, sauvola, wolf])
def test_reference_methods_find_black_on_white(method: Callable[[Grey], Mask]) -> None:
    page = sheet()
    truth = write(page, PENS["black"])
    assert f_measure(method(grey_of(page)), truth) > 0.9


def test_sauvola_by_hand() -> None:
    grey = np.full((3, 3), 100, np.uint8)
    grey[1, 1] = 10  # mean 90, deviation 28.28: threshold 90 (1 + 0.2 (28.28 / 128 - 1)) = 75.98
    assert sauvola(grey, window=3)[1, 1] and not sauvola(np.full((3, 3), 76, np.uint8), window=3).all()


def test_rules_and_squares_go_and_writing_stays() -> None:
    mask = np.zeros((300, 400), np.uint8)
    cv2.putText(mask, "notes", (60, 150), cv2.FONT_HERSHEY_SIMPLEX, 2, 1, 4)
    writing = mask.copy()
    for y in (40, 135, 230):
        cv2.line(mask, (0, y), (399, y + 12), 1, 2)
    cv2.line(mask, (30, 0), (33, 299), 1, 2)
    left = without_rules(mask > 0)
    assert left[writing > 0].mean() > 0.85
    assert left[(mask > 0) & (cv2.dilate(writing, np.ones((15, 15), np.uint8)) == 0)].mean() < 0.02


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_any_picture_has_a_mask_of_its_size(pixels: Pixels) -> None:
    assert ink(pixels).shape == contrast(pixels).shape == pixels.shape[:2]
