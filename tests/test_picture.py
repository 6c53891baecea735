from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.photo import PhotoError
from indexer.picture import Mark, PictureError, draw, draw_page, save

GREY = np.full((200, 300, 3), 128, np.uint8)


def test_a_mark_is_drawn_on_its_box_and_leaves_the_photo_alone_elsewhere() -> None:
    drawn = np.asarray(draw(GREY, [Mark((50, 80, 150, 120), "note")]))
    assert drawn.shape == GREY.shape
    assert (drawn[80, 60:140] != 128).any(axis=-1).all()
    assert (drawn[150:] == 128).all()
    assert (drawn[85:115, 55:145] == 128).all()
    assert (drawn[60:78, 50:90] != 128).any()


def test_sure_and_doubtful_words_differ_in_colour() -> None:
    sure, doubtful = (np.asarray(draw(GREY, [Mark((50, 80, 150, 120), "", p)]))[80, 60] for p in (1.0, 0.0))
    assert sure[1] > sure[0] and doubtful[0] > doubtful[1]


@pytest.mark.parametrize("box", [(0, 0, 300, 200), (290, 0, 300, 5), (-20, -20, 400, 400)])
def test_boxes_at_the_edge_are_fine(box: tuple[int, int, int, int]) -> None:
    assert draw(GREY, [Mark(box, "a long caption that does not fit at all, whatever the size")]).size == (
        300,
        200,
    )


def test_letters_the_font_lacks_do_no_harm() -> None:
    draw(GREY, [Mark((50, 80, 150, 120), "Größe 漢字 \udcff")])


def test_saving_follows_the_ending(tmp_path: Path) -> None:
    save(draw(GREY, []), tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("name", ["out.nonsense", "missing/out.png"])
def test_what_cannot_be_saved_is_said_in_a_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"not a picture|cannot be written"):
        save(draw(GREY, []), tmp_path / name)


def test_a_reduced_photo_is_marked_where_the_word_is() -> None:
    assert Mark((50, 80, 150, 120), "note").shrunk(2.0).box == (25, 40, 75, 60)


def test_a_page_that_is_no_longer_there_is_said_in_a_line(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "photo.png")
    draw_page(tmp_path / "photo.png", 1, [], tmp_path / "out.png")
    with pytest.raises(PhotoError, match="no page 2"):
        draw_page(tmp_path / "photo.png", 2, [], tmp_path / "out.png")
