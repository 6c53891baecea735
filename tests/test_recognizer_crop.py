import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.box import Box
from recognizer.crop import MIN_WIDTH, contrast, resize, strip

Colour = tuple[int, int, int]


def written(ink: Colour, ground: Colour) -> NDArray[np.uint8]:
    page = np.full((120, 300, 3), ground, np.uint8)
    cv2.putText(page, "Word", (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, ink, 5, cv2.LINE_AA)
    return page


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (20, 40, 30)), ((200, 30, 30), (240, 240, 235)),
     ((250, 240, 80), (30, 90, 60)), ((190, 190, 195), (215, 215, 215))],
)  # fmt: skip
def test_colour_and_polarity_leave_no_trace(ink: Colour, ground: Colour) -> None:
    plain = strip(written((0, 0, 0), (255, 255, 255)), Box(30, 30, 230, 100), 32)
    other = strip(written(ink, ground), Box(30, 30, 230, 100), 32)
    assert plain.shape == other.shape and plain.dtype == np.float32
    assert np.abs(plain - other).mean() < 0.06


def test_a_slope_of_light_is_not_ink() -> None:
    page = written((20, 20, 20), (250, 250, 250)).astype(np.float32)
    page *= np.linspace(0.5, 1, page.shape[1])[None, :, None]
    shaded = strip(page.astype(np.uint8), Box(30, 30, 230, 100), 32)
    plain = strip(written((20, 20, 20), (250, 250, 250)), Box(30, 30, 230, 100), 32)
    assert np.corrcoef(shaded.ravel(), plain.ravel())[0, 1] > 0.95


def test_noise_is_not_made_into_ink() -> None:
    noise = np.random.default_rng(0).normal(200, 1.5, (60, 200)).clip(0, 255).astype(np.uint8)
    assert contrast(noise).max() < 0.6


@given(st.integers(1, 90), st.integers(1, 400), st.sampled_from([1, 3]))
def test_any_patch_becomes_a_strip(rows: int, columns: int, channels: int) -> None:
    patch = np.random.default_rng(rows * columns).integers(0, 256, (rows, columns, channels), np.uint8)
    made = contrast(resize(patch, 32))
    assert made.shape[0] == 32 and made.shape[1] >= MIN_WIDTH
    assert np.isfinite(made).all() and made.min() >= -0.5 and made.max() <= 1


def test_a_box_outside_the_photo_is_an_empty_strip() -> None:
    assert not strip(np.zeros((20, 20, 3), np.uint8), Box(50, 50, 60, 60), 32).any()


@pytest.mark.parametrize("angle", [-30.0, -8.0, 12.0, 35.0, 90.0, -90.0])
def test_a_tilted_word_is_cut_straight(angle: float) -> None:
    page = np.full((600, 600, 3), 240, np.uint8)
    cv2.rectangle(page, (290, 294), (399, 305), (20, 20, 20), -1)  # a stroke in the right half of the word
    turn = cv2.getRotationMatrix2D((299.5, 299.5), -angle, 1)
    leaning = np.asarray(cv2.warpAffine(page, turn, (600, 600), borderValue=(240, 240, 240)), np.uint8)
    c, s = abs(np.cos(np.deg2rad(angle))), abs(np.sin(np.deg2rad(angle)))
    wide, tall = (200 * c + 40 * s) / 2, (200 * s + 40 * c) / 2
    box = Box(round(300 - wide), round(300 - tall), round(300 + wide), round(300 + tall), angle=angle)
    made = strip(leaning, box, 32)
    third = made.shape[1] // 6
    assert made[14:18, 3 * third : 5 * third].mean() > 0.8, "the ink lies level in the middle of the strip"
    assert abs(made[4:28, : 2 * third].mean()) < 0.2, "and reads from left to right"
