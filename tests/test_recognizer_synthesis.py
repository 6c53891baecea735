from pathlib import Path

import numpy as np
import pytest
from drawn import training_data

from recognizer.samples import PAGES, draw
from recognizer.synthesis import Synthesis
from recognizer.texts import Texts
from recognizer.wear import FAR, FEWEST, photograph, rows_seen, shrunk


@pytest.fixture
def synthesis(tmp_path: Path) -> Synthesis:
    return Synthesis(training_data(tmp_path))


def test_the_same_seed_draws_the_same_words(synthesis: Synthesis) -> None:
    once = [synthesis.draw(np.random.default_rng(5)) for _ in range(2)]
    assert once[0].text == once[1].text
    assert np.array_equal(once[0].strip, once[1].strip)


def test_strips_are_what_the_network_expects(synthesis: Synthesis) -> None:
    rng = np.random.default_rng(1)
    samples = [synthesis.draw(rng) for _ in range(120)]
    assert {s.strip.shape[0] for s in samples} == {32}
    assert all(s.strip.dtype == np.float32 and np.isfinite(s.strip).all() for s in samples)
    assert "" in {s.text for s in samples}, "some crops hold no text"
    assert any(" " in s.text for s in samples), "some crops hold several words"


def test_longer_texts_make_wider_strips(synthesis: Synthesis) -> None:
    rng = np.random.default_rng(2)
    samples = [s for s in (synthesis.draw(rng) for _ in range(150)) if s.text]
    lengths, widths = zip(*((len(s.text), s.strip.shape[1]) for s in samples), strict=True)
    assert np.corrcoef(lengths, widths)[0, 1] > 0.6


def test_other_splits_draw_strokes_alone(tmp_path: Path) -> None:
    made = Synthesis(training_data(tmp_path), "test")
    rng = np.random.default_rng(0)
    assert {made.draw(rng).text for _ in range(30)} <= {"ab", "ba", "AB", "12", ""}


def test_ink_stays_visible_in_the_photo() -> None:
    ink = np.zeros((32, 80), np.float32)
    ink[10:20, 20:60] = 1
    rng = np.random.default_rng(0)
    for _ in range(40):
        photo = photograph(ink, np.zeros_like(ink), rng).astype(float)
        assert abs(photo[12:18, 25:55].mean() - photo[24:, :].mean()) > 4


def test_words_have_as_many_rows_of_pixels_as_on_photos() -> None:
    rng = np.random.default_rng(0)
    rows = np.array([rows_seen(32, rng) for _ in range(1000)])
    assert rows.min() == FEWEST and rows.max() == 32
    assert abs((rows < 32).mean() - FAR) < 0.05 and 0.1 < (rows < 16).mean() < 0.25
    made = shrunk(rng.random((64, 200), np.float32), 12)
    assert made.shape == (12, 38) and 0 <= made.min() <= made.max() <= 1


def test_texts_hold_all_that_boards_hold() -> None:
    texts, rng = Texts(["plan", "budget", "team", "Anna"]), np.random.default_rng(0)
    drawn = [texts(rng) for _ in range(2000)]
    assert all(0 < len(t) <= 32 for t in drawn)
    assert any(t.isupper() and t.isalpha() for t in drawn) and any(t.isdigit() for t in drawn)
    assert any("_" in t for t in drawn) and any(t.endswith("()") for t in drawn)
    assert any(" " in t for t in drawn) and any("-" in t for t in drawn)


def test_sample_pages_are_drawn_again_alike(tmp_path: Path) -> None:
    data = training_data(tmp_path)
    from recognizer.ink import Fonts

    page = PAGES[-1]
    once, twice = (draw(page, Fonts(data / "fonts")) for _ in range(2))
    assert once.shape == (1080, 1440, 3) and np.array_equal(once, twice)


def test_sample_pages_have_names_of_their_own() -> None:
    assert len({p.name for p in PAGES}) == len(PAGES) >= 12


def test_nothing_scanned_is_shown_where_all_is_to_be_drawn(tmp_path: Path) -> None:
    data = training_data(tmp_path)
    for word in (data / "handwriting" / "copiste").rglob("*"):
        if word.is_file():
            word.unlink()
    drawn, rng = Synthesis(data, scans=False), np.random.default_rng(2)
    assert len({drawn.draw(rng).text for _ in range(40)}) > 1


def test_plain_words_are_ink_on_paper_and_nothing_else(synthesis: Synthesis) -> None:
    sample = synthesis.draw_word(0, np.random.default_rng(4), plain=True)
    assert sample is not None
    strip = sample.strip
    ink = strip > strip.max() / 2 if strip.max() > -strip.min() else strip < strip.min() / 2
    assert strip.shape[0] == 32 and 0.01 < ink.mean() < 0.5
    paper = np.median(strip)
    assert (np.abs(strip - paper) < 0.05 * np.ptp(strip)).mean() > 0.5, "paper is of one grey"
